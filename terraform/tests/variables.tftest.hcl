# Every variable that changes the plan, and what it changes.
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

run "names" {
  command = plan

  variables {
    state_table_name           = "cirrus-statedb"
    table_name                 = "cirrus-waits"
    process_function_name      = "run-process"
    update_state_function_name = "run-update"
    process_queue_name         = "process-queue"
    process_queue_url          = "https://queue.example.com/process"
    wait_timeout_seconds       = 7200
  }

  assert {
    condition     = aws_dynamodb_table.this[0].name == "cirrus-waits" && local.sender_environment.CIRRUS_CALLBACKS_TABLE == "cirrus-waits" && local.sender_environment.CIRRUS_STATE_DB == "cirrus-statedb"
    error_message = "Both tables may have other names."
  }
  assert {
    condition     = data.aws_lambda_function.cirrus["process"].function_name == "run-process" && data.aws_lambda_function.cirrus["update_state"].function_name == "run-update"
    error_message = "The functions may have other names."
  }
  assert {
    condition     = endswith(output.parent_role_statements[0].resources[0], ":process-queue") && jsondecode(output.wait_for_payload_state_json).Parameters.QueueUrl == "https://queue.example.com/process" && jsondecode(output.wait_for_payload_state_json).TimeoutSeconds == 7200
    error_message = "Queue and timeout of the ready states follow their variables."
  }
}

run "a_derived_table_name" {
  command = plan

  variables {
    state_table_name = "other-state"
  }

  assert {
    condition     = aws_dynamodb_table.this[0].name == "other-callbacks"
    error_message = "The tracking table's name follows from the state table's, as the hooks derive it."
  }
}

run "given_roles" {
  command = plan

  variables {
    cirrus_role_names = { process = "role-p", update_state = "role-u" }
  }

  assert {
    condition     = length(data.aws_lambda_function.cirrus) == 0 && aws_iam_role_policy.cirrus["process"].role == "role-p" && aws_iam_role_policy.cirrus["update_state"].role == "role-u"
    error_message = "Roles given by name are not looked up."
  }
}

run "one_given_role" {
  command = plan

  variables {
    cirrus_role_names = { update_state = "role-u" }
  }

  assert {
    condition     = keys(data.aws_lambda_function.cirrus) == ["process"] && aws_iam_role_policy.cirrus["update_state"].role == "role-u"
    error_message = "Each role has its own switch."
  }
}

run "nothing_attached" {
  command = plan

  variables {
    attach_policies = false
  }

  assert {
    condition     = length(data.aws_lambda_function.cirrus) == 0 && length(aws_iam_role_policy.cirrus) == 0 && length(output.cirrus_role_names) == 0
    error_message = "Attaching can be turned off."
  }
  assert {
    condition     = length(jsondecode(output.process_policy_json).Statement) == 1 && length(jsondecode(output.update_state_policy_json).Statement) == 1
    error_message = "The policies are outputs all the same."
  }
}

run "numbers" {
  command = plan

  variables {
    retention_days     = 7
    grace_seconds      = 600
    redelivery_seconds = 7200
    heartbeat          = true
    cycles             = true
    log_level          = "WARN"
    log_format         = "Text"
    log_retention_days = 365
    runtime            = "python3.13"
    architecture       = "x86_64"
    tracing            = true
    role_path          = "/cirrus/"

    permissions_boundary_arn = "arn:aws-us-gov:iam::123456789012:policy/boundary"
    tags                     = { owner = "data" }
  }

  assert {
    condition     = local.sender_environment.CIRRUS_CALLBACKS_RETENTION_DAYS == "7" && local.reconciler_environment.CIRRUS_CALLBACKS_RETENTION_DAYS == "7" && local.reconciler_environment.CIRRUS_CALLBACKS_CYCLES == "true" && local.reconciler_environment.CIRRUS_CALLBACKS_GRACE_SECONDS == "600" && local.reconciler_environment.CIRRUS_CALLBACKS_REDELIVERY_SECONDS == "7200" && local.reconciler_environment.CIRRUS_CALLBACKS_HEARTBEAT == "true"
    error_message = "The environment follows the variables."
  }
  assert {
    condition     = contains(local.reconciler_statements[0].Action, "states:SendTaskHeartbeat")
    error_message = "Heartbeats need their permission."
  }
  assert {
    condition     = local.sender_environment.POWERTOOLS_LOG_LEVEL == "WARNING" && module.sender[0].function.logging_config[0].log_format == "Text" && module.sender[0].function.logging_config[0].application_log_level == null
    error_message = "Text logs have no level of Lambda's own."
  }
  assert {
    condition     = module.sender[0].log_group.retention_in_days == 365 && module.reconciler[0].log_group.retention_in_days == 365
    error_message = "Both log groups keep their lines as long."
  }
  assert {
    condition     = alltrue([for function in [module.sender[0].function, module.reconciler[0].function] : function.runtime == "python3.13" && function.architectures == tolist(["x86_64"]) && function.tracing_config[0].mode == "Active"])
    error_message = "Both functions follow."
  }
  assert {
    condition     = alltrue([for role in [module.sender[0].role, module.reconciler[0].role] : role.path == "/cirrus/" && role.permissions_boundary == "arn:aws-us-gov:iam::123456789012:policy/boundary" && role.tags["owner"] == "data" && role.tags["cirrus-callbacks"] == "fd-test-cirrus"])
    error_message = "Both roles follow."
  }
  assert {
    condition     = alltrue([for function in [module.sender[0], module.reconciler[0]] : contains(function.statements[*].Sid, "WriteTraces")])
    error_message = "Tracing needs its permission."
  }
}

run "no_logging_configuration" {
  command = plan

  variables {
    log_format = null
  }

  assert {
    condition     = length(module.sender[0].function.logging_config) == 0 && length(module.reconciler[0].function.logging_config) == 0
    error_message = "null leaves the log format to Lambda."
  }
}

run "functions" {
  command = plan

  variables {
    lambda_package = { zip_path = "versions.tf" }
    sender = {
      memory_size                = 512
      timeout_seconds            = 120
      reserved_concurrency       = 5
      batch_size                 = 10
      batching_window_seconds    = 1
      parallelization_factor     = 10
      maximum_retry_attempts     = 3
      maximum_record_age_seconds = 3600
    }
    reconciler = {
      schedule             = "rate(1 hour)"
      enabled              = false
      memory_size          = 1024
      timeout_seconds      = 900
      reserved_concurrency = 1
    }
    vpc = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
  }

  assert {
    condition     = module.sender[0].function.filename == "versions.tf" && module.reconciler[0].function.source_code_hash == filebase64sha256("versions.tf")
    error_message = "Both functions run the one zip."
  }
  assert {
    condition     = module.sender[0].function.memory_size == 512 && module.sender[0].function.timeout == 120 && module.sender[0].function.reserved_concurrent_executions == 5
    error_message = "The sender follows."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.stream[0].batch_size == 10 && aws_lambda_event_source_mapping.stream[0].maximum_batching_window_in_seconds == 1 && aws_lambda_event_source_mapping.stream[0].parallelization_factor == 10 && aws_lambda_event_source_mapping.stream[0].maximum_retry_attempts == 3 && aws_lambda_event_source_mapping.stream[0].maximum_record_age_in_seconds == 3600
    error_message = "The mapping follows."
  }
  assert {
    condition     = module.reconciler[0].function.memory_size == 1024 && module.reconciler[0].function.timeout == 900 && module.reconciler[0].function.reserved_concurrent_executions == 1 && aws_cloudwatch_event_rule.schedule[0].state == "DISABLED"
    error_message = "The reconciler follows."
  }
  assert {
    condition     = local.reconciler_environment.CIRRUS_CALLBACKS_INTERVAL_SECONDS == "3600"
    error_message = "The interval is read from a rate."
  }
  assert {
    condition     = module.sender[0].function.vpc_config[0].subnet_ids == toset(["subnet-1"]) && module.reconciler[0].function.vpc_config[0].security_group_ids == toset(["sg-1"]) && contains(module.sender[0].statements[*].Sid, "HoldNetworkInterfaces")
    error_message = "Both functions join the VPC, with the permission for it."
  }
}

run "an_s3_object" {
  command = plan

  variables {
    lambda_package = { s3_bucket = "artifacts", s3_key = "sender.zip", s3_object_version = "7" }
    reconciler     = { schedule = "cron(0/10 * * * ? *)" }
  }

  assert {
    condition     = module.sender[0].function.s3_bucket == "artifacts" && module.reconciler[0].function.s3_key == "sender.zip" && module.sender[0].function.s3_object_version == "7" && module.sender[0].function.filename == null
    error_message = "The code may come from S3."
  }
  assert {
    condition     = local.reconciler_environment.CIRRUS_CALLBACKS_INTERVAL_SECONDS == "300"
    error_message = "A cron expression has no interval to read."
  }
}

run "an_interval_beside_cron" {
  command = plan

  variables {
    reconciler = { schedule = "cron(0/10 * * * ? *)", interval_seconds = 600 }
  }

  assert {
    condition     = local.reconciler_environment.CIRRUS_CALLBACKS_INTERVAL_SECONDS == "600"
    error_message = "An interval that is given counts."
  }
}

run "a_key_of_the_modules_own" {
  command = plan

  variables {
    encryption = { key = "create" }
  }

  assert {
    condition     = length(aws_kms_key.this) == 1 && aws_kms_key.this[0].enable_key_rotation && aws_kms_alias.this[0].name == "alias/fd-test-cirrus-callbacks" && aws_dynamodb_table.this[0].server_side_encryption[0].enabled
    error_message = "A key, rotated, with an alias, for the table."
  }
  assert {
    condition     = tolist(aws_s3_bucket_server_side_encryption_configuration.failures[0].rule)[0].apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
    error_message = "The failure bucket holds rows: the same key."
  }
}

run "a_given_key" {
  command = plan

  variables {
    encryption = { key = "given", kms_key_arn = "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/1" }
  }

  assert {
    condition     = length(aws_kms_key.this) == 0 && aws_dynamodb_table.this[0].server_side_encryption[0].kms_key_arn == "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/1"
    error_message = "A given key is used, none created."
  }
  assert {
    condition     = alltrue([for policy in values(aws_iam_role_policy.cirrus) : jsondecode(policy.policy).Statement[1] == { Sid = "DecryptTrackingTable", Effect = "Allow", Action = ["kms:Decrypt"], Resource = ["arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/1"] }])
    error_message = "Both existing roles get permission to decrypt with it."
  }
  assert {
    condition     = length([for statement in concat(local.sender_statements, local.reconciler_statements) : statement if statement.Sid == "DecryptTrackingTable"]) == 2
    error_message = "Both functions of the module too."
  }
}

run "a_given_bucket" {
  command = plan

  variables {
    failure_destination = { create_bucket = false, bucket_name = "failures" }
  }

  assert {
    condition     = length(aws_s3_bucket.failures) == 0 && aws_lambda_event_source_mapping.stream[0].destination_config[0].on_failure[0].destination_arn == "arn:aws-us-gov:s3:::failures" && output.failure_bucket_name == "failures"
    error_message = "A given bucket is used, none created."
  }
}

run "unprotected" {
  command = plan

  variables {
    deletion_protection    = false
    point_in_time_recovery = false
    failure_destination    = { retention_days = 3 }
  }

  assert {
    condition     = !aws_dynamodb_table.this[0].deletion_protection_enabled && !aws_dynamodb_table.this[0].point_in_time_recovery[0].enabled && aws_s3_bucket.failures[0].force_destroy && aws_s3_bucket_lifecycle_configuration.failures[0].rule[0].expiration[0].days == 3
    error_message = "Table and bucket may go."
  }
}

run "parameters" {
  command = plan

  variables {
    deployment_name = "demo-prod"
  }

  assert {
    condition     = aws_ssm_parameter.this["CIRRUS_CALLBACKS_TABLE"].name == "/deployment/demo-prod/CIRRUS_CALLBACKS_TABLE" && aws_ssm_parameter.this["CIRRUS_CALLBACKS_TABLE"].value == "fd-test-cirrus-callbacks" && aws_ssm_parameter.this["CIRRUS_CALLBACKS_SENDER_FUNCTION"].value == "fd-test-cirrus-callbacks-sender"
    error_message = "Parameters stand beside cirrus's own, under the deployment's name and not its prefix."
  }
}

run "payloads_of_process" {
  command = plan

  override_data {
    target = data.aws_lambda_function.cirrus["process"]
    values = {
      role        = "arn:aws-us-gov:iam::123456789012:role/p"
      environment = [{ variables = { CIRRUS_PAYLOAD_BUCKET = "payloads", CIRRUS_PAYLOAD_ROOT_PREFIX = "some/where" } }]
    }
  }

  assert {
    condition     = local.reconciler_environment.CIRRUS_CALLBACKS_PAYLOADS_URL == "s3://payloads/some/where"
    error_message = "Where the payloads are is read from the environment of process."
  }
  assert {
    condition     = local.sender_environment.CIRRUS_CALLBACKS_JOINS_URL == "s3://payloads/some/where/callbacks/joins/" && local.reconciler_environment.CIRRUS_CALLBACKS_JOINS_URL == local.sender_environment.CIRRUS_CALLBACKS_JOINS_URL && local.sender_environment.CIRRUS_CALLBACKS_PAYLOADS_URL == "s3://payloads/some/where"
    error_message = "Whole lists of joins lie below it; the sender is told both places, too."
  }
  assert {
    condition     = [for statement in local.send_statements : statement if statement.Sid == "ReadMemberLists"][0].Resource == ["arn:aws-us-gov:s3:::payloads/*"] && local.list_statements == [{ Sid = "WriteJoins", Effect = "Allow", Action = ["s3:PutObject"], Resource = ["arn:aws-us-gov:s3:::payloads/some/where/callbacks/joins/*"] }]
    error_message = "Lists are read from the payload bucket, and written to their own prefix."
  }
}

run "payloads_under_cirrus_own_prefix" {
  command = plan

  override_data {
    target = data.aws_lambda_function.cirrus["process"]
    values = {
      role        = "arn:aws-us-gov:iam::123456789012:role/p"
      environment = [{ variables = { CIRRUS_PAYLOAD_BUCKET = "payloads" } }]
    }
  }

  assert {
    condition     = local.reconciler_environment.CIRRUS_CALLBACKS_PAYLOADS_URL == "s3://payloads/cirrus"
    error_message = "A root prefix that is not set is cirrus's default."
  }
  assert {
    condition     = local.reconciler_environment.CIRRUS_CALLBACKS_JOINS_URL == "s3://payloads/cirrus/callbacks/joins/" && local.reconciler_environment.CIRRUS_CALLBACKS_QUEUE_SECONDS == "1209600"
    error_message = "So it is for joins; and no queue keeps a message longer than SQS lets it."
  }
}

run "joins_off" {
  command = plan

  variables {
    joins_url = null
  }

  override_data {
    target = data.aws_lambda_function.cirrus["process"]
    values = {
      role        = "arn:aws-us-gov:iam::123456789012:role/p"
      environment = [{ variables = { CIRRUS_PAYLOAD_BUCKET = "payloads" } }]
    }
  }

  assert {
    condition     = !contains(keys(local.sender_environment), "CIRRUS_CALLBACKS_JOINS_URL") && !contains(keys(local.reconciler_environment), "CIRRUS_CALLBACKS_JOINS_URL") && local.list_statements == []
    error_message = "Null writes no list, and allows none."
  }
}

run "joins_elsewhere" {
  command = plan

  variables {
    joins_url                   = "s3://results/of/joins/"
    payloads_url                = ""
    additional_member_list_arns = ["arn:aws:s3:::lists", "arn:aws:s3:::more/nightly/"]
    additional_queue_arns       = ["arn:aws:sqs:us-gov-west-1:123456789012:bulk"]
    queue_seconds               = 345600
    join_keys = {
      queue_key_arns       = ["arn:aws:kms:us-gov-west-1:123456789012:key/queue"]
      joins_key_arn        = "arn:aws:kms:us-gov-west-1:123456789012:key/joins"
      member_list_key_arns = ["arn:aws:kms:us-gov-west-1:123456789012:key/lists"]
    }
  }

  assert {
    condition     = local.sender_environment.CIRRUS_CALLBACKS_JOINS_URL == "s3://results/of/joins/" && local.reconciler_environment.CIRRUS_CALLBACKS_QUEUE_SECONDS == "345600" && !contains(keys(local.sender_environment), "CIRRUS_CALLBACKS_PAYLOADS_URL")
    error_message = "The place that is given, and the queue's own retention."
  }
  assert {
    condition = jsonencode({ for statement in concat(local.send_statements, local.list_statements) : statement.Sid => { actions = statement.Action, resources = statement.Resource } }) == jsonencode({
      SendMembers        = { actions = ["sqs:SendMessage"], resources = ["arn:aws-us-gov:sqs:us-gov-west-1:123456789012:fd-test-cirrus-process", "arn:aws:sqs:us-gov-west-1:123456789012:bulk"] }
      ReadMemberLists    = { actions = ["s3:GetObject"], resources = ["arn:aws:s3:::lists/*", "arn:aws:s3:::more/nightly/*"] }
      EncryptMembers     = { actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = ["arn:aws:kms:us-gov-west-1:123456789012:key/queue"] }
      DecryptMemberLists = { actions = ["kms:Decrypt"], resources = ["arn:aws:kms:us-gov-west-1:123456789012:key/lists"] }
      WriteJoins         = { actions = ["s3:PutObject"], resources = ["arn:aws-us-gov:s3:::results/of/joins/*"] }
      EncryptJoins       = { actions = ["kms:GenerateDataKey"], resources = ["arn:aws:kms:us-gov-west-1:123456789012:key/joins"] }
    })
    error_message = "Each on its own resource: queues, lists, the prefix of joins, and the key of each."
  }
}

run "payloads_given" {
  command = plan

  variables {
    cirrus_role_names = { process = "role-p", update_state = "role-u" }
    payloads_url      = "s3://payloads/given"
  }

  assert {
    condition     = local.reconciler_environment.CIRRUS_CALLBACKS_PAYLOADS_URL == "s3://payloads/given" && local.sender_environment.CIRRUS_CALLBACKS_JOINS_URL == "s3://payloads/given/callbacks/joins/"
    error_message = "Where process is not looked up it can be said, for payloads and joins at once."
  }
}

run "payloads_unknown" {
  command = plan

  variables {
    attach_policies = false
  }

  assert {
    condition     = !contains(keys(local.reconciler_environment), "CIRRUS_CALLBACKS_PAYLOADS_URL") && !contains(keys(local.sender_environment), "CIRRUS_CALLBACKS_JOINS_URL") && [for statement in local.send_statements : statement.Sid] == ["SendMembers"] && local.list_statements == []
    error_message = "Nothing is guessed where process is not looked up, and nothing allowed."
  }
}

run "names_of_the_guard" {
  command = plan

  variables {
    table_name = "cirrus-waits"
  }

  assert {
    condition     = terraform_data.deletion_guard[0].triggers_replace == ["cirrus-waits", "fd-test-cirrus"]
    error_message = "Another table name or prefix replaces the guard, which stops it."
  }
}

run "siblings" {
  command = plan

  variables {
    prefix           = "a"
    sibling_prefixes = ["a-b"]
  }

  assert {
    condition     = [for statement in local.reconciler_statements : statement.Resource if statement.Effect == "Deny"] == [["arn:aws-us-gov:states:us-gov-west-1:123456789012:stateMachine:a-b-*", "arn:aws-us-gov:states:us-gov-west-1:123456789012:execution:a-b-*:*"]]
    error_message = "The executions of a deployment whose prefix extends this one are out of reach."
  }
}

run "alarms" {
  command = plan

  variables {
    warning_topic_arns  = ["arn:aws-us-gov:sns:us-gov-west-1:123456789012:warning"]
    critical_topic_arns = ["arn:aws-us-gov:sns:us-gov-west-1:123456789012:critical"]

    alarm_sender_errors               = 11
    alarm_iterator_age_seconds        = 12
    alarm_failure_destination_objects = 13
    alarm_reconciler_errors           = 14
    alarm_reconciler_repairs          = 15
    alarm_stuck_payloads              = 16
    alarm_incomplete_passes           = 18
    alarm_row_errors                  = 19
    alarm_describes_refused           = 20
    alarm_oldest_wait_seconds         = 170
    alarm_open_waits_share            = 0.25
    open_executions_quota             = 4000
    runbook_url                       = "https://example.com/runbook"
  }

  assert {
    condition = { for name, alarm in aws_cloudwatch_metric_alarm.this : name => alarm.threshold } == {
      sender_errors       = 11
      iterator_age        = 12000
      failure_destination = 13
      reconciler_errors   = 14
      reconciler_repairs  = 15
      incomplete_passes   = 18
      row_errors          = 19
      describes_refused   = 20
      stuck_payloads      = 16
      oldest_wait         = 170
      open_waits          = 1000
    }
    error_message = "Each alarm has its own threshold."
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_actions == toset(["arn:aws-us-gov:sns:us-gov-west-1:123456789012:${lower(split(":", alarm.alarm_name)[0])}"]) && alarm.ok_actions == toset(["arn:aws-us-gov:sns:us-gov-west-1:123456789012:warning"])])
    error_message = "Alarms go to the topic of their severity, their end to the warning one."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["reconciler_repairs"].period * aws_cloudwatch_metric_alarm.this["reconciler_repairs"].evaluation_periods == 3600 && aws_cloudwatch_metric_alarm.this["reconciler_repairs"].datapoints_to_alarm == 4
    error_message = "Repairs ring after an hour of them."
  }
  assert {
    condition = alltrue([for name in ["incomplete_passes", "row_errors", "describes_refused"] :
      aws_cloudwatch_metric_alarm.this[name].period * aws_cloudwatch_metric_alarm.this[name].datapoints_to_alarm < 3600
      && aws_cloudwatch_metric_alarm.this[name].period * aws_cloudwatch_metric_alarm.this[name].evaluation_periods <= 3600
    ])
    error_message = "A reconciler that cannot do its work rings within the hour."
  }
  assert {
    condition     = alltrue([for name, alarm in aws_cloudwatch_metric_alarm.this : endswith(alarm.alarm_description, " https://example.com/runbook#${replace(name, "_", "-")}") if name != "failure_destination"])
    error_message = "Each alarm names its place in the runbook (one names a mapping that is not there yet)."
  }
}

run "no_alarms_no_dashboard" {
  command = plan

  variables {
    create_alarms    = false
    create_dashboard = false
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) == 0 && length(aws_cloudwatch_dashboard.this) == 0
    error_message = "Both can be left out."
  }
}
