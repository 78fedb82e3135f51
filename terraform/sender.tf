# The sender: stream of the tracking table -> SendTaskSuccess / SendTaskFailure.

locals {
  sender_name = "${local.name}-sender"

  sender_environment = merge(
    local.common_environment,
    local.joins_environment,
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
          "dynamodb:PartiQLUpdate",
          "dynamodb:PutItem",
          "dynamodb:Query",
          "dynamodb:UpdateItem",
        ]
        Resource = [local.table_arn]
      },
      {
        Sid      = "ReadCirrusState"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchGetItem", "dynamodb:GetItem"]
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
    ],
    local.send_statements,
    local.list_statements,
    local.key_statements,
    # S3 asks for a data key in the name of the caller who puts an object under SSE-KMS.
    [for statement in local.key_statements : merge(statement, {
      Sid    = "EncryptFailedRecords"
      Action = ["kms:GenerateDataKey"]
    })],
  )
}

module "sender" {
  source = "./modules/function"
  count  = local.count

  name                 = local.sender_name
  description          = "Answers waiting workflows of the cirrus deployment ${var.prefix}"
  handler              = "${local.handlers}.sender.lambda_handler"
  statements           = local.sender_statements
  environment          = local.sender_environment
  memory_size          = var.sender.memory_size
  timeout_seconds      = var.sender.timeout_seconds
  reserved_concurrency = var.sender.reserved_concurrency
  shared               = local.shared
}

resource "aws_lambda_event_source_mapping" "stream" {
  count = local.count

  event_source_arn  = aws_dynamodb_table.this[0].stream_arn
  function_name     = module.sender[0].function.arn
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

  depends_on = [terraform_data.code]

  lifecycle {
    precondition {
      condition     = sum([for name, value in local.sender_environment : length(name) + length(value)]) <= local.longest_environment
      error_message = "workflows names more workflows than fit into the sender's environment (4,096 bytes for all its variables): enable them all with { \"*\" = { enabled = true } }, or name fewer."
    }

    precondition {
      condition     = alltrue([for pattern in local.filter_patterns : length(pattern) <= local.longest_filter_pattern])
      error_message = "workflows names more workflows than fit into the stream's filter pattern (4,096 bytes): enable them all with { \"*\" = { enabled = true } }, or name fewer."
    }
  }
}
