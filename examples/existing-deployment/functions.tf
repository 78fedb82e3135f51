# process and update-state. Both roles are named <prefix>-process-role-<random>, as FilmDrop does it:
# nothing but the function's own `role` attribute tells them apart.

locals {
  function_environment = {
    CIRRUS_LOG_LEVEL                = "INFO"
    CIRRUS_PAYLOAD_BUCKET           = aws_s3_bucket.payloads.bucket
    CIRRUS_STATE_DB                 = aws_dynamodb_table.state.name
    CIRRUS_WORKFLOW_EVENT_TOPIC_ARN = aws_sns_topic.workflow_event.arn
  }

  functions = {
    process = {
      handler = "process.lambda_handler"
      memory  = var.process_memory
      environment = {
        CIRRUS_BASE_WORKFLOW_ARN = local.base_machine
      }
      statements = [
        { actions = ["s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket"], resources = ["*"] },
        {
          actions = [
            "dynamodb:BatchGetItem", "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem",
            "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem",
          ]
          resources = [aws_dynamodb_table.state.arn, "${aws_dynamodb_table.state.arn}/index/*"]
        },
        {
          actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage"]
          resources = [aws_sqs_queue.process.arn]
        },
        { actions = ["states:StartExecution"], resources = ["${local.base_machine}*"] },
        { actions = ["s3:PutObject"], resources = [local.any_object] },
        { actions = ["sns:Publish"], resources = [aws_sns_topic.workflow_event.arn] },
      ]
    }
    update-state = {
      handler = "update_state.lambda_handler"
      memory  = 512
      environment = {
        CIRRUS_PROCESS_QUEUE_URL = aws_sqs_queue.process.url
        CIRRUS_PUBLISH_TOPIC_ARN = aws_sns_topic.publish.arn
      }
      statements = [
        {
          actions = [
            "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query",
            "dynamodb:Scan", "dynamodb:UpdateItem",
          ]
          resources = [aws_dynamodb_table.state.arn, "${aws_dynamodb_table.state.arn}/index/*"]
        },
        { actions = ["sqs:SendMessage"], resources = [aws_sqs_queue.process.arn] },
        { actions = ["s3:GetObject", "s3:PutObject"], resources = [local.any_object] },
        { actions = ["sns:Publish"], resources = [aws_sns_topic.publish.arn, aws_sns_topic.workflow_event.arn] },
      ]
    }
  }
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  name_prefix        = "${var.resource_prefix}-process-role-"
  assume_role_policy = local.trust.lambda
}

resource "aws_iam_policy" "function" {
  for_each = local.functions

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for statement in each.value.statements :
      { Effect = "Allow", Action = statement.actions, Resource = statement.resources }
    ]
  })
}

resource "aws_iam_role_policy_attachment" "own" {
  for_each = local.functions

  role       = aws_iam_role.function[each.key].name
  policy_arn = aws_iam_policy.function[each.key].arn
}

resource "aws_iam_role_policy_attachment" "lambda" {
  for_each = local.functions

  role       = aws_iam_role.function[each.key].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
}

resource "aws_lambda_function" "this" {
  for_each = local.functions

  function_name    = "${var.resource_prefix}-${each.key}"
  role             = aws_iam_role.function[each.key].arn
  handler          = each.value.handler
  filename         = var.cirrus_lambda_zip_filepath
  source_code_hash = filebase64sha256(var.cirrus_lambda_zip_filepath)
  runtime          = "python${var.cirrus_lambda_pyversion}"
  architectures    = ["arm64"]
  timeout          = 10
  memory_size      = each.value.memory
  publish          = true

  environment {
    variables = merge(local.function_environment, each.value.environment)
  }
}

resource "aws_lambda_event_source_mapping" "process" {
  event_source_arn = aws_sqs_queue.process.arn
  function_name    = aws_lambda_function.this["process"].function_name
}

resource "aws_cloudwatch_event_rule" "ended" {
  name = "${var.resource_prefix}-update-state-sfn-events"

  event_pattern = jsonencode({
    source      = ["aws.states"]
    detail-type = ["Step Functions Execution Status Change"]
    detail = {
      stateMachineArn = [{ prefix = local.base_machine }]
      status          = ["ABORTED", "FAILED", "SUCCEEDED", "TIMED_OUT"]
    }
  })
}

resource "aws_cloudwatch_event_target" "ended" {
  rule      = aws_cloudwatch_event_rule.ended.name
  target_id = "${var.resource_prefix}-update-state-event-target"
  arn       = aws_lambda_function.this["update-state"].arn

  dead_letter_config {
    arn = aws_sqs_queue.update_state_dead_letter.arn
  }

  retry_policy {
    maximum_event_age_in_seconds = 1800
    maximum_retry_attempts       = 185
  }
}

resource "aws_lambda_permission" "ended" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this["update-state"].function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.ended.arn
}
