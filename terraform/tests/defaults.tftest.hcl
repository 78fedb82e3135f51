# What a call with nothing but the required variables plans.
mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws-us-gov", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_region" {
    defaults = { id = "us-gov-west-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_lambda_function" {
    defaults = { role = "arn:aws-us-gov:iam::123456789012:role/some/path/fd-test-cirrus-process-role-20240601" }
  }
}

variables {
  prefix         = "fd-test-cirrus"
  lambda_package = { s3_bucket = "artifacts", s3_key = "sender.zip" }
}

run "defaults" {
  command = plan

  # The table: names, keys, what the contract fixes.
  assert {
    condition     = aws_dynamodb_table.this[0].name == "fd-test-cirrus-callbacks"
    error_message = "The tracking table is the state table's name with -state replaced by -callbacks."
  }
  assert {
    condition     = aws_dynamodb_table.this[0].billing_mode == "PAY_PER_REQUEST" && aws_dynamodb_table.this[0].stream_view_type == "NEW_IMAGE"
    error_message = "On demand, with new images in the stream."
  }
  assert {
    condition     = aws_dynamodb_table.this[0].deletion_protection_enabled && aws_dynamodb_table.this[0].point_in_time_recovery[0].enabled && aws_dynamodb_table.this[0].ttl[0].attribute_name == "expiration_time"
    error_message = "Protected, recoverable, with a TTL."
  }
  assert {
    condition     = length(aws_dynamodb_table.this[0].server_side_encryption) == 0 && length(aws_kms_key.this) == 0
    error_message = "AWS owns the key unless told otherwise."
  }

  # Functions.
  assert {
    condition     = module.sender[0].function.architectures == tolist(["arm64"]) && module.reconciler[0].function.architectures == tolist(["arm64"]) && module.sender[0].function.runtime == "python3.12"
    error_message = "arm64 and Python 3.12."
  }
  assert {
    condition     = module.sender[0].function.environment[0].variables == tomap({ CIRRUS_STATE_DB = "fd-test-cirrus-state", CIRRUS_CALLBACKS_TABLE = "fd-test-cirrus-callbacks", CIRRUS_CALLBACKS_RETENTION_DAYS = "60", POWERTOOLS_LOG_LEVEL = "INFO" })
    error_message = "The sender's environment: no workflow is enabled, so CIRRUS_CALLBACKS_WORKFLOWS is not set."
  }
  assert {
    condition     = local.reconciler_environment.CIRRUS_CALLBACKS_GRACE_SECONDS == "900" && local.reconciler_environment.CIRRUS_CALLBACKS_CYCLES == "false" && local.reconciler_environment.CIRRUS_CALLBACKS_REDELIVERY_SECONDS == "5400" && local.reconciler_environment.CIRRUS_CALLBACKS_HEARTBEAT == "false" && local.reconciler_environment.CIRRUS_CALLBACKS_INTERVAL_SECONDS == "300"
    error_message = "The reconciler's environment has the contract's defaults."
  }
  assert {
    condition     = module.sender[0].function.logging_config[0].log_format == "JSON" && module.sender[0].function.logging_config[0].application_log_level == "INFO" && module.reconciler[0].function.logging_config[0].log_format == "JSON"
    error_message = "Logs are JSON at INFO."
  }
  assert {
    condition     = module.sender[0].function.tracing_config[0].mode == "PassThrough" && length(module.sender[0].function.vpc_config) == 0 && module.sender[0].function.reserved_concurrent_executions == -1
    error_message = "No tracing, no VPC, no reservation."
  }
  assert {
    condition     = aws_cloudwatch_event_rule.schedule[0].schedule_expression == "rate(5 minutes)" && aws_cloudwatch_event_rule.schedule[0].state == "ENABLED"
    error_message = "The reconciler runs every five minutes."
  }
  assert {
    condition     = module.sender[0].log_group.retention_in_days == 30 && module.sender[0].log_group.name == "/aws/lambda/fd-test-cirrus-callbacks-sender"
    error_message = "Log groups are there before the functions, with a retention."
  }

  # The mapping.
  assert {
    condition     = aws_lambda_event_source_mapping.stream[0].bisect_batch_on_function_error && aws_lambda_event_source_mapping.stream[0].function_response_types == toset(["ReportBatchItemFailures"]) && aws_lambda_event_source_mapping.stream[0].starting_position == "TRIM_HORIZON"
    error_message = "Batches are bisected, and failures reported one by one."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.stream[0].maximum_retry_attempts == 20 && aws_lambda_event_source_mapping.stream[0].maximum_record_age_in_seconds == 21600 && aws_lambda_event_source_mapping.stream[0].parallelization_factor == 4 && aws_lambda_event_source_mapping.stream[0].batch_size == 100 && aws_lambda_event_source_mapping.stream[0].maximum_batching_window_in_seconds == 0
    error_message = "Retries and ages are bounded."
  }
  assert {
    condition     = length(aws_s3_bucket.failures) == 1 && aws_s3_bucket_lifecycle_configuration.failures[0].rule[0].expiration[0].days == 30 && !aws_s3_bucket.failures[0].force_destroy
    error_message = "Failed records go to a bucket of the module's own, and expire."
  }

  # Existing roles.
  assert {
    condition     = keys(data.aws_lambda_function.cirrus) == ["process", "update_state"] && data.aws_lambda_function.cirrus["update_state"].function_name == "fd-test-cirrus-update-state"
    error_message = "Both roles are looked up through their functions."
  }
  assert {
    condition     = aws_iam_role_policy.cirrus["process"].role == "fd-test-cirrus-process-role-20240601"
    error_message = "A role with a path is attached to by its name."
  }
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.cirrus["update_state"].policy).Statement : statement.Action] == [["dynamodb:PartiQLUpdate", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]]
    error_message = "update-state needs no BatchGetItem."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.cirrus["process"].policy).Statement[0].Resource == ["arn:aws-us-gov:dynamodb:us-gov-west-1:123456789012:table/fd-test-cirrus-callbacks"]
    error_message = "Partition, region and account are those of the provider."
  }

  # Alarms.
  assert {
    condition     = toset([for alarm in aws_cloudwatch_metric_alarm.this : split(":", alarm.alarm_name)[0]]) == toset(["WARNING", "CRITICAL"]) && length(aws_cloudwatch_metric_alarm.this) == 11
    error_message = "Eleven alarms, named by severity."
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : alarm.treat_missing_data == "notBreaching" && strcontains(alarm.alarm_name, "fd-test-cirrus-callbacks") && length(alarm.alarm_actions == null ? [] : alarm.alarm_actions) == 0])
    error_message = "Missing data does not breach, names name the deployment."
  }
  assert {
    condition     = length(aws_cloudwatch_dashboard.this) == 1 && length(aws_ssm_parameter.this) == 0
    error_message = "A dashboard; no parameters without a deployment's name."
  }

  # What parents need.
  assert {
    condition     = output.parent_role_statements == [{ sid = "SendToProcessQueue", effect = "Allow", actions = ["sqs:SendMessage"], resources = ["arn:aws-us-gov:sqs:us-gov-west-1:123456789012:fd-test-cirrus-process"] }]
    error_message = "A parent may send to the process queue and nothing else."
  }
  assert {
    condition     = jsondecode(output.wait_for_payload_state_json).Parameters.QueueUrl == "https://sqs.us-gov-west-1.amazonaws.com/123456789012/fd-test-cirrus-process" && jsondecode(output.wait_for_payload_state_json).Resource == "arn:aws-us-gov:states:::sqs:sendMessage.waitForTaskToken"
    error_message = "The ready state names the queue's URL."
  }
  assert {
    condition     = jsondecode(output.filmdrop_wait_for_payload_state_json).Parameters.QueueUrl == "$${CIRRUS_PROCESS_QUEUE_URL}" && jsondecode(output.filmdrop_wait_for_payloads_state_json).ItemProcessor.States.WaitForPayload.Parameters.QueueUrl == "$${CIRRUS_PROCESS_QUEUE_URL}"
    error_message = "FilmDrop's states name its template variable, so that no output feeds back into cirrus."
  }
  assert {
    condition     = jsondecode(output.wait_for_payload_jsonata_state_json).Arguments.QueueUrl == "https://sqs.us-gov-west-1.amazonaws.com/123456789012/fd-test-cirrus-process" && jsondecode(output.filmdrop_wait_for_payloads_jsonata_state_json).ItemProcessor.States.WaitForPayload.Arguments.QueueUrl == "$${CIRRUS_PROCESS_QUEUE_URL}"
    error_message = "The same in JSONata."
  }
}

run "nothing" {
  command = plan

  variables {
    create         = false
    lambda_package = null
  }

  assert {
    condition = length(concat(
      aws_dynamodb_table.this, module.sender, module.reconciler, aws_lambda_event_source_mapping.stream,
      aws_cloudwatch_event_rule.schedule, aws_cloudwatch_event_target.schedule, aws_lambda_permission.schedule,
      aws_s3_bucket.failures, aws_kms_key.this, aws_cloudwatch_dashboard.this, terraform_data.code,
      terraform_data.deletion_guard, aws_lambda_function_event_invoke_config.reconciler,
    )) == 0
    error_message = "create = false creates nothing."
  }
  assert {
    condition     = length(aws_iam_role_policy.cirrus) + length(aws_cloudwatch_metric_alarm.this) + length(aws_ssm_parameter.this) + length(data.aws_lambda_function.cirrus) == 0
    error_message = "create = false attaches and looks up nothing."
  }
  assert {
    condition     = output.table_name == null && output.sender_function_arn == null && output.failures_url == null
    error_message = "Outputs of what is not there are null."
  }
}
