# Every rejection, at plan, by the variable or the resource that says what to do.
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

run "prefix_with_a_trailing_hyphen" {
  command = plan

  variables {
    prefix = "fd-test-"
  }

  expect_failures = [var.prefix]
}

run "prefix_with_a_dot" {
  command = plan

  variables {
    prefix = "fd.test"
  }

  expect_failures = [var.prefix]
}

run "prefix_too_long" {
  command = plan

  variables {
    prefix = "abcdefghijabcdefghijabcdefghi"
  }

  expect_failures = [var.prefix]
}

run "sibling_prefix_with_a_trailing_hyphen" {
  command = plan

  variables {
    sibling_prefixes = ["fd-test-cirrus-b-"]
  }

  expect_failures = [var.sibling_prefixes]
}

run "sibling_prefix_that_extends_nothing" {
  command = plan

  variables {
    sibling_prefixes = ["other"]
  }

  expect_failures = [aws_iam_role_policy.reconciler]
}

run "deployment_name_with_a_slash" {
  command = plan

  variables {
    deployment_name = "/deployment/demo"
  }

  expect_failures = [var.deployment_name]
}

run "state_table_as_an_arn" {
  command = plan

  variables {
    state_table_name = "arn:aws:dynamodb:us-west-2:123456789012:table/x"
  }

  expect_failures = [var.state_table_name]
}

run "state_table_from_which_no_name_follows" {
  command = plan

  variables {
    state_table_name = "cirrus_statedb"
  }

  expect_failures = [aws_dynamodb_table.this]
}

run "table_as_an_arn" {
  command = plan

  variables {
    table_name = "arn:aws:dynamodb:us-west-2:123456789012:table/x"
  }

  expect_failures = [var.table_name]
}

run "process_function_as_an_arn" {
  command = plan

  variables {
    process_function_name = "arn:aws:lambda:us-west-2:123456789012:function:x"
  }

  expect_failures = [var.process_function_name]
}

run "update_state_function_as_an_arn" {
  command = plan

  variables {
    update_state_function_name = "arn:aws:lambda:us-west-2:123456789012:function:x"
  }

  expect_failures = [var.update_state_function_name]
}

run "role_of_an_unknown_function" {
  command = plan

  variables {
    cirrus_role_names = { api = "role" }
  }

  expect_failures = [var.cirrus_role_names]
}

run "role_as_an_arn" {
  command = plan

  variables {
    cirrus_role_names = { process = "arn:aws:iam::123456789012:role/x" }
  }

  expect_failures = [var.cirrus_role_names]
}

run "queue_as_a_url" {
  command = plan

  variables {
    process_queue_name = "https://sqs.us-west-2.amazonaws.com/123456789012/x"
  }

  expect_failures = [var.process_queue_name]
}

run "queue_url_that_is_none" {
  command = plan

  variables {
    process_queue_url = "fd-test-process"
  }

  expect_failures = [var.process_queue_url]
}

run "workflow_with_a_comma" {
  command = plan

  variables {
    workflows = { "a,b" = {} }
  }

  expect_failures = [var.workflows]
}

run "star_beside_a_name" {
  command = plan

  variables {
    workflows = { "*" = {}, "mosaic" = { enabled = false } }
  }

  expect_failures = [var.workflows]
}

run "retention_zero" {
  command = plan

  variables {
    retention_days = 0
  }

  expect_failures = [var.retention_days]
}

run "retention_too_long" {
  command = plan

  variables {
    retention_days = 3651
  }

  expect_failures = [var.retention_days]
}

run "retention_in_half_days" {
  command = plan

  variables {
    retention_days = 1.5
  }

  expect_failures = [var.retention_days]
}

run "unknown_kind_of_key" {
  command = plan

  variables {
    encryption = { key = "mine" }
  }

  expect_failures = [var.encryption]
}

run "given_key_without_arn" {
  command = plan

  variables {
    encryption = { key = "given" }
  }

  expect_failures = [var.encryption]
}

run "key_arn_that_nobody_asked_for" {
  command = plan

  variables {
    encryption = { kms_key_arn = "arn:aws:kms:us-west-2:123456789012:key/x" }
  }

  expect_failures = [var.encryption]
}

run "key_as_an_alias" {
  command = plan

  variables {
    encryption = { key = "given", kms_key_arn = "arn:aws:kms:us-west-2:123456789012:alias/x" }
  }

  expect_failures = [var.encryption]
}

run "own_and_given_bucket" {
  command = plan

  variables {
    failure_destination = { bucket_name = "failures" }
  }

  expect_failures = [var.failure_destination]
}

run "no_bucket_at_all" {
  command = plan

  variables {
    failure_destination = { create_bucket = false }
  }

  expect_failures = [var.failure_destination]
}

run "bucket_as_an_arn" {
  command = plan

  variables {
    failure_destination = { create_bucket = false, bucket_name = "arn:aws:s3:::failures" }
  }

  expect_failures = [var.failure_destination]
}

run "failures_kept_for_no_time" {
  command = plan

  variables {
    failure_destination = { retention_days = 0 }
  }

  expect_failures = [var.failure_destination]
}

run "wait_of_no_time" {
  command = plan

  variables {
    wait_timeout_seconds = 0
  }

  expect_failures = [var.wait_timeout_seconds]
}

run "no_package" {
  command = plan

  variables {
    lambda_package = null
  }

  expect_failures = [terraform_data.code]
}

run "empty_package" {
  command = plan

  variables {
    lambda_package = {}
  }

  expect_failures = [var.lambda_package]
}

run "zip_and_s3_object" {
  command = plan

  variables {
    lambda_package = { zip_path = "versions.tf", s3_bucket = "artifacts", s3_key = "sender.zip" }
  }

  expect_failures = [var.lambda_package]
}

run "s3_bucket_without_key" {
  command = plan

  variables {
    lambda_package = { s3_bucket = "artifacts" }
  }

  expect_failures = [var.lambda_package]
}

run "s3_version_of_a_zip" {
  command = plan

  variables {
    lambda_package = { zip_path = "versions.tf", s3_object_version = "1" }
  }

  expect_failures = [var.lambda_package]
}

run "zip_that_is_missing" {
  command = plan

  variables {
    lambda_package = { zip_path = "missing.zip" }
  }

  expect_failures = [var.lambda_package]
}

run "unknown_runtime" {
  command = plan

  variables {
    runtime = "nodejs22.x"
  }

  expect_failures = [var.runtime]
}

run "unknown_architecture" {
  command = plan

  variables {
    architecture = "aarch64"
  }

  expect_failures = [var.architecture]
}

run "sender_memory" {
  command = plan

  variables {
    sender = { memory_size = 64 }
  }

  expect_failures = [var.sender]
}

run "sender_timeout" {
  command = plan

  variables {
    sender = { timeout_seconds = 901 }
  }

  expect_failures = [var.sender]
}

run "sender_without_concurrency" {
  command = plan

  variables {
    sender = { reserved_concurrency = 0 }
  }

  expect_failures = [var.sender]
}

run "sender_batch" {
  command = plan

  variables {
    sender = { batch_size = 10000 }
  }

  expect_failures = [var.sender]
}

run "sender_window" {
  command = plan

  variables {
    sender = { batching_window_seconds = 301 }
  }

  expect_failures = [var.sender]
}

run "sender_parallelization" {
  command = plan

  variables {
    sender = { parallelization_factor = 11 }
  }

  expect_failures = [var.sender]
}

run "sender_retries_without_end" {
  command = plan

  variables {
    sender = { maximum_retry_attempts = -1 }
  }

  expect_failures = [var.sender]
}

run "sender_record_age" {
  command = plan

  variables {
    sender = { maximum_record_age_seconds = -1 }
  }

  expect_failures = [var.sender]
}

run "schedule_in_words" {
  command = plan

  variables {
    reconciler = { schedule = "every 5 minutes" }
  }

  expect_failures = [var.reconciler]
}

run "schedule_of_one_minutes" {
  command = plan

  variables {
    reconciler = { schedule = "rate(1 minutes)" }
  }

  expect_failures = [var.reconciler]
}

run "schedule_with_five_fields" {
  command = plan

  variables {
    reconciler = { schedule = "cron(0/10 * * * ?)" }
  }

  expect_failures = [var.reconciler]
}

run "reconciler_memory" {
  command = plan

  variables {
    reconciler = { memory_size = 64 }
  }

  expect_failures = [var.reconciler]
}

run "reconciler_timeout" {
  command = plan

  variables {
    reconciler = { timeout_seconds = 30 }
  }

  expect_failures = [var.reconciler]
}

run "reconciler_interval" {
  command = plan

  variables {
    reconciler = { interval_seconds = 30 }
  }

  expect_failures = [var.reconciler]
}

run "reconciler_without_concurrency" {
  command = plan

  variables {
    reconciler = { reserved_concurrency = 0 }
  }

  expect_failures = [var.reconciler]
}

run "grace_too_short" {
  command = plan

  variables {
    grace_seconds = 1
  }

  expect_failures = [var.grace_seconds]
}

run "redelivery_too_long" {
  command = plan

  variables {
    redelivery_seconds = 1209601
  }

  expect_failures = [var.redelivery_seconds]
}

run "vpc_without_subnets" {
  command = plan

  variables {
    vpc = { subnet_ids = [], security_group_ids = ["sg-1"] }
  }

  expect_failures = [var.vpc]
}

run "role_path_without_slash" {
  command = plan

  variables {
    role_path = "cirrus"
  }

  expect_failures = [var.role_path]
}

run "boundary_as_a_name" {
  command = plan

  variables {
    permissions_boundary_arn = "boundary"
  }

  expect_failures = [var.permissions_boundary_arn]
}

run "log_retention_of_29_days" {
  command = plan

  variables {
    log_retention_days = 29
  }

  expect_failures = [var.log_retention_days]
}

run "unknown_log_format" {
  command = plan

  variables {
    log_format = "xml"
  }

  expect_failures = [var.log_format]
}

run "unknown_log_level" {
  command = plan

  variables {
    log_level = "WARNING"
  }

  expect_failures = [var.log_level]
}

run "warning_topic_as_a_name" {
  command = plan

  variables {
    warning_topic_arns = ["warning"]
  }

  expect_failures = [var.warning_topic_arns]
}

run "critical_topic_as_a_name" {
  command = plan

  variables {
    critical_topic_arns = ["critical"]
  }

  expect_failures = [var.critical_topic_arns]
}

run "alarm_on_no_sender_error" {
  command = plan

  variables {
    alarm_sender_errors = 0
  }

  expect_failures = [var.alarm_sender_errors]
}

run "alarm_on_an_age_beyond_the_stream" {
  command = plan

  variables {
    alarm_iterator_age_seconds = 90000
  }

  expect_failures = [var.alarm_iterator_age_seconds]
}

run "alarm_beyond_what_is_counted" {
  command = plan

  variables {
    alarm_failure_destination_objects = 1001
  }

  expect_failures = [var.alarm_failure_destination_objects]
}

run "alarm_on_no_reconciler_error" {
  command = plan

  variables {
    alarm_reconciler_errors = 0
  }

  expect_failures = [var.alarm_reconciler_errors]
}

run "alarm_below_no_repair" {
  command = plan

  variables {
    alarm_reconciler_repairs = -1
  }

  expect_failures = [var.alarm_reconciler_repairs]
}

run "alarm_on_nothing_stuck" {
  command = plan

  variables {
    alarm_stuck_payloads = 0
  }

  expect_failures = [var.alarm_stuck_payloads]
}

run "alarm_on_any_wait" {
  command = plan

  variables {
    alarm_oldest_wait_seconds = 1
  }

  expect_failures = [var.alarm_oldest_wait_seconds]
}

run "alarm_on_more_than_all" {
  command = plan

  variables {
    alarm_open_waits_share = 1.1
  }

  expect_failures = [var.alarm_open_waits_share]
}

run "quota_of_nothing" {
  command = plan

  variables {
    open_executions_quota = 0
  }

  expect_failures = [var.open_executions_quota]
}
