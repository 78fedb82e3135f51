# Every rejection, at plan, by the variable or the resource that says what to do.
#
# A plan reports every variable that is wrong, so a run holds one wrong value of each: the provider
# is started eleven times instead of seventy. What is wrong stands above each value.
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

run "wrong_values_one" {
  command = plan

  variables {
    # prefix with a trailing hyphen
    prefix = "fd-test-"
    # sibling prefix with a trailing hyphen
    sibling_prefixes = ["fd-test-cirrus-b-"]
    # deployment name with a slash
    deployment_name = "/deployment/demo"
    # state table as an arn
    state_table_name = "arn:aws:dynamodb:us-west-2:123456789012:table/x"
    # table as an arn
    table_name = "arn:aws:dynamodb:us-west-2:123456789012:table/x"
    # process function as an arn
    process_function_name = "arn:aws:lambda:us-west-2:123456789012:function:x"
    # update state function as an arn
    update_state_function_name = "arn:aws:lambda:us-west-2:123456789012:function:x"
    # role of an unknown function
    cirrus_role_names = { api = "role" }
    # queue as a url
    process_queue_name = "https://sqs.us-west-2.amazonaws.com/123456789012/x"
    # not the URL of a queue
    process_queue_url = "fd-test-process"
    # workflow with a comma
    workflows = { "a,b" = {} }
    # retention zero
    retention_days = 0
    # unknown kind of key
    encryption = { key = "mine" }
    # own and given bucket
    failure_destination = { bucket_name = "failures" }
    # payloads with a slash at the end
    payloads_url = "s3://payloads/cirrus/"
    # joins without a slash at the end
    joins_url = "s3://payloads/joins"
    # lists with an asterisk
    additional_member_list_arns = ["arn:aws:s3:::lists/*"]
    # further queue as a url
    additional_queue_arns = ["https://sqs.us-west-2.amazonaws.com/123456789012/x"]
    # key as an alias
    join_keys = { joins_key_arn = "arn:aws:kms:us-west-2:123456789012:alias/joins" }
    # a queue that keeps for longer than any
    queue_seconds = 1209601
    # runbook with a fragment
    runbook_url = "https://example.com/runbook#alarms"
    # alarms at nothing
    alarm_incomplete_passes = 0
    alarm_row_errors        = 0
    alarm_describes_refused = 0
    # wait of no time
    wait_timeout_seconds = 0
    # empty package
    lambda_package = {}
    # unknown runtime
    runtime = "nodejs22.x"
    # unknown architecture
    architecture = "aarch64"
    # sender memory
    sender = { memory_size = 64 }
    # schedule in words
    reconciler = { schedule = "every 5 minutes" }
    # grace too short
    grace_seconds = 1
    # redelivery too long
    redelivery_seconds = 1209601
    # vpc without subnets
    vpc = { subnet_ids = [], security_group_ids = ["sg-1"] }
    # role path without slash
    role_path = "cirrus"
    # boundary as a name
    permissions_boundary_arn = "boundary"
    # log retention of 29 days
    log_retention_days = 29
    # unknown log format
    log_format = "xml"
    # unknown log level
    log_level = "WARNING"
    # warning topic as a name
    warning_topic_arns = ["warning"]
    # critical topic as a name
    critical_topic_arns = ["critical"]
    # alarm on no sender error
    alarm_sender_errors = 0
    # alarm on an age beyond the stream
    alarm_iterator_age_seconds = 90000
    # alarm beyond what is counted
    alarm_failure_destination_objects = 1001
    # alarm on no reconciler error
    alarm_reconciler_errors = 0
    # alarm below no repair
    alarm_reconciler_repairs = -1
    # alarm on nothing stuck
    alarm_stuck_payloads = 0
    # alarm on any wait
    alarm_oldest_wait_seconds = 1
    # alarm on more than all
    alarm_open_waits_share = 1.1
    # quota of nothing
    open_executions_quota = 0
  }

  expect_failures = [
    var.payloads_url,
    var.joins_url,
    var.additional_member_list_arns,
    var.additional_queue_arns,
    var.join_keys,
    var.queue_seconds,
    var.runbook_url,
    var.alarm_incomplete_passes,
    var.alarm_row_errors,
    var.alarm_describes_refused,
    var.prefix,
    var.sibling_prefixes,
    var.deployment_name,
    var.state_table_name,
    var.table_name,
    var.process_function_name,
    var.update_state_function_name,
    var.cirrus_role_names,
    var.process_queue_name,
    var.process_queue_url,
    var.workflows,
    var.retention_days,
    var.encryption,
    var.failure_destination,
    var.wait_timeout_seconds,
    var.lambda_package,
    var.runtime,
    var.architecture,
    var.sender,
    var.reconciler,
    var.grace_seconds,
    var.redelivery_seconds,
    var.vpc,
    var.role_path,
    var.permissions_boundary_arn,
    var.log_retention_days,
    var.log_format,
    var.log_level,
    var.warning_topic_arns,
    var.critical_topic_arns,
    var.alarm_sender_errors,
    var.alarm_iterator_age_seconds,
    var.alarm_failure_destination_objects,
    var.alarm_reconciler_errors,
    var.alarm_reconciler_repairs,
    var.alarm_stuck_payloads,
    var.alarm_oldest_wait_seconds,
    var.alarm_open_waits_share,
    var.open_executions_quota,
  ]
}

run "wrong_values_two" {
  command = plan

  variables {
    # prefix with a dot
    prefix = "fd.test"
    # role as an arn
    cirrus_role_names = { process = "arn:aws:iam::123456789012:role/x" }
    # star beside a name
    workflows = { "*" = {}, "mosaic" = { enabled = false } }
    # retention too long
    retention_days = 3651
    # given key without arn
    encryption = { key = "given" }
    # no bucket at all
    failure_destination = { create_bucket = false }
    # zip and s3 object
    lambda_package = { zip_path = "versions.tf", s3_bucket = "artifacts", s3_key = "sender.zip" }
    # sender timeout
    sender = { timeout_seconds = 901 }
    # schedule of one minutes
    reconciler = { schedule = "rate(1 minutes)" }
  }

  expect_failures = [
    var.prefix,
    var.cirrus_role_names,
    var.workflows,
    var.retention_days,
    var.encryption,
    var.failure_destination,
    var.lambda_package,
    var.sender,
    var.reconciler,
  ]
}

run "wrong_values_three" {
  command = plan

  variables {
    # prefix too long
    prefix = "abcdefghijabcdefghijabcdefghi"
    # retention in half days
    retention_days = 1.5
    # key arn that nobody asked for
    encryption = { kms_key_arn = "arn:aws:kms:us-west-2:123456789012:key/x" }
    # bucket as an arn
    failure_destination = { create_bucket = false, bucket_name = "arn:aws:s3:::failures" }
    # s3 bucket without key
    lambda_package = { s3_bucket = "artifacts" }
    # sender without concurrency
    sender = { reserved_concurrency = 0 }
    # schedule with five fields
    reconciler = { schedule = "cron(0/10 * * * ?)" }
  }

  expect_failures = [
    var.prefix,
    var.retention_days,
    var.encryption,
    var.failure_destination,
    var.lambda_package,
    var.sender,
    var.reconciler,
  ]
}

run "wrong_values_four" {
  command = plan

  variables {
    # key as an alias
    encryption = { key = "given", kms_key_arn = "arn:aws:kms:us-west-2:123456789012:alias/x" }
    # failures kept for no time
    failure_destination = { retention_days = 0 }
    # s3 version of a zip
    lambda_package = { zip_path = "versions.tf", s3_object_version = "1" }
    # sender batch
    sender = { batch_size = 10000 }
    # reconciler memory
    reconciler = { memory_size = 64 }
  }

  expect_failures = [
    var.encryption,
    var.failure_destination,
    var.lambda_package,
    var.sender,
    var.reconciler,
  ]
}

run "wrong_values_five" {
  command = plan

  variables {
    # zip that is missing
    lambda_package = { zip_path = "missing.zip" }
    # sender window
    sender = { batching_window_seconds = 301 }
    # reconciler timeout
    reconciler = { timeout_seconds = 30 }
  }

  expect_failures = [
    var.lambda_package,
    var.sender,
    var.reconciler,
  ]
}

run "wrong_values_six" {
  command = plan

  variables {
    # sender parallelization
    sender = { parallelization_factor = 11 }
    # reconciler interval
    reconciler = { interval_seconds = 30 }
  }

  expect_failures = [
    var.sender,
    var.reconciler,
  ]
}

run "wrong_values_seven" {
  command = plan

  variables {
    # sender retries without end
    sender = { maximum_retry_attempts = -1 }
    # reconciler without concurrency
    reconciler = { reserved_concurrency = 0 }
  }

  expect_failures = [
    var.sender,
    var.reconciler,
  ]
}

run "wrong_values_eight" {
  command = plan

  variables {
    # sender record age
    sender = { maximum_record_age_seconds = -1 }
  }

  expect_failures = [
    var.sender,
  ]
}

run "sibling_prefix_that_extends_nothing" {
  command = plan

  variables {
    sibling_prefixes = ["other"]
  }

  expect_failures = [aws_cloudwatch_event_rule.schedule]
}

run "state_table_from_which_no_name_follows" {
  command = plan

  variables {
    state_table_name = "cirrus_statedb"
  }

  expect_failures = [aws_dynamodb_table.this]
}

run "no_package" {
  command = plan

  variables {
    lambda_package = null
  }

  expect_failures = [terraform_data.code]
}
