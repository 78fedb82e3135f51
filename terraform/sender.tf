# The sender: stream of the tracking table -> SendTaskSuccess / SendTaskFailure.

locals {
  sender_name = "${local.name}-sender"

  sender_environment = merge(
    local.common_environment,
    local.workflows_text == "" ? {} : { CIRRUS_CALLBACKS_WORKFLOWS = local.workflows_text },
  )

  sender_statements = concat(
    [
      {
        Sid      = "AnswerTokens"
        Effect   = "Allow"
        Action   = local.answer_actions
        Resource = ["*"]
      },
      {
        Sid    = "SettleAndMark"
        Effect = "Allow"
        Action = [
          "dynamodb:BatchGetItem",
          "dynamodb:DeleteItem",
          "dynamodb:PutItem",
          "dynamodb:Query",
          "dynamodb:UpdateItem",
        ]
        Resource = [local.table_arn]
      },
      {
        Sid      = "ReadCirrusState"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem"]
        Resource = [local.state_table_arn]
      },
      {
        Sid      = "ReadStream"
        Effect   = "Allow"
        Action   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
        Resource = aws_dynamodb_table.this[*].stream_arn
      },
      {
        # IAM knows no resource type for it, and Lambda asks for it.
        # https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html
        Sid      = "ListStreams"
        Effect   = "Allow"
        Action   = ["dynamodb:ListStreams"]
        Resource = ["*"]
      },
      {
        Sid      = "KeepFailedRecords"
        Effect   = "Allow"
        Action   = ["s3:PutObject"]
        Resource = ["${local.failure_bucket_arn}/aws/lambda/*"]
      },
      {
        Sid      = "FindFailureBucket"
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = [local.failure_bucket_arn]
      },
      local.log_statements["sender"],
    ],
    local.key_statements,
    # S3 asks for a data key in the name of whoever puts an object under SSE-KMS.
    [for statement in local.key_statements : merge(statement, {
      Sid    = "EncryptFailedRecords"
      Action = ["kms:GenerateDataKey"]
    })],
    local.tracing_statements,
    local.vpc_statements,
  )
}

resource "aws_iam_role" "sender" {
  count = local.count

  name                 = "${local.sender_name}-${local.region}"
  path                 = var.role_path
  description          = "Answers task tokens for the cirrus deployment ${var.prefix}"
  assume_role_policy   = local.trust_policy
  permissions_boundary = var.permissions_boundary_arn
  tags                 = local.tags
}

resource "aws_iam_role_policy" "sender" {
  count = local.count

  name   = local.sender_name
  role   = aws_iam_role.sender[0].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.sender_statements })
}

resource "aws_cloudwatch_log_group" "sender" {
  #checkov:skip=CKV_AWS_158: the lines hold no secret, and CloudWatch Logs encrypts them anyway
  #checkov:skip=CKV_AWS_338: how long logs are kept is the caller's choice
  count = local.count

  name              = "/aws/lambda/${local.sender_name}"
  retention_in_days = var.log_retention_days
  tags              = local.tags
}

resource "aws_lambda_function" "sender" {
  #checkov:skip=CKV_AWS_50: tracing is the caller's choice
  #checkov:skip=CKV_AWS_115: concurrency follows the stream's shards; a reservation is the caller's choice
  #checkov:skip=CKV_AWS_116: a stream's failures go to the mapping's own destination
  #checkov:skip=CKV_AWS_117: a VPC is the caller's choice
  #checkov:skip=CKV_AWS_173: the environment holds names and numbers, no secret
  #checkov:skip=CKV_AWS_272: code signing is the account's policy, not a module's
  count = local.count

  function_name = local.sender_name
  description   = "Answers waiting workflows of the cirrus deployment ${var.prefix}"
  role          = aws_iam_role.sender[0].arn
  handler       = "${local.handlers}.sender.lambda_handler"
  runtime       = var.runtime
  architectures = [var.architecture]
  memory_size   = var.sender.memory_size
  timeout       = var.sender.timeout_seconds

  reserved_concurrent_executions = var.sender.reserved_concurrency

  filename          = local.zip_path
  source_code_hash  = local.zip_path == null ? null : filebase64sha256(local.zip_path)
  s3_bucket         = local.s3_bucket
  s3_key            = try(var.lambda_package.s3_key, null)
  s3_object_version = try(var.lambda_package.s3_object_version, null)

  environment {
    variables = local.sender_environment
  }

  tracing_config {
    mode = var.tracing ? "Active" : "PassThrough"
  }

  dynamic "vpc_config" {
    for_each = var.vpc == null ? [] : [var.vpc]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  dynamic "logging_config" {
    for_each = var.log_format == null ? [] : [var.log_format]

    content {
      log_format            = logging_config.value
      log_group             = aws_cloudwatch_log_group.sender[0].name
      application_log_level = logging_config.value == "JSON" ? var.log_level : null
      system_log_level      = logging_config.value == "JSON" ? "WARN" : null
    }
  }

  tags = local.tags

  depends_on = [
    aws_cloudwatch_log_group.sender,
    aws_iam_role_policy.sender,
    terraform_data.code,
  ]

  lifecycle {
    precondition {
      condition     = sum([for name, value in local.sender_environment : length(name) + length(value)]) <= local.longest_environment
      error_message = "workflows names more workflows than fit into the sender's environment (4,096 bytes for all its variables): enable them all with { \"*\" = { enabled = true } }, or name fewer."
    }
  }
}

resource "aws_lambda_event_source_mapping" "stream" {
  count = local.count

  event_source_arn  = aws_dynamodb_table.this[0].stream_arn
  function_name     = aws_lambda_function.sender[0].arn
  starting_position = "TRIM_HORIZON"

  batch_size                         = var.sender.batch_size
  maximum_batching_window_in_seconds = var.sender.batching_window_seconds
  parallelization_factor             = var.sender.parallelization_factor
  bisect_batch_on_function_error     = true
  maximum_retry_attempts             = var.sender.maximum_retry_attempts
  maximum_record_age_in_seconds      = var.sender.maximum_record_age_seconds
  function_response_types            = ["ReportBatchItemFailures"]

  destination_config {
    on_failure {
      destination_arn = local.failure_bucket_arn
    }
  }

  filter_criteria {
    dynamic "filter" {
      for_each = local.filter_patterns

      content {
        pattern = filter.value
      }
    }
  }

  lifecycle {
    precondition {
      condition     = alltrue([for pattern in local.filter_patterns : length(pattern) <= local.longest_filter_pattern])
      error_message = "workflows names more workflows than fit into the stream's filter pattern (4,096 bytes): enable them all with { \"*\" = { enabled = true } }, or name fewer."
    }
  }
}
