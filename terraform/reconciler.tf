# The reconciler: on a schedule, mends what lost events left open.

locals {
  reconciler_name = "${local.name}-reconciler"

  reconciler_environment = merge(
    local.common_environment,
    {
      CIRRUS_CALLBACKS_GRACE_SECONDS      = tostring(var.grace_seconds)
      CIRRUS_CALLBACKS_REDELIVERY_SECONDS = tostring(var.redelivery_seconds)
      CIRRUS_CALLBACKS_QUEUE_SECONDS      = tostring(var.queue_seconds)
      CIRRUS_CALLBACKS_HEARTBEAT          = tostring(var.heartbeat)
      CIRRUS_CALLBACKS_CYCLES             = tostring(var.cycles)
      CIRRUS_CALLBACKS_INTERVAL_SECONDS   = tostring(local.interval_seconds)
      CIRRUS_CALLBACKS_FAILURES_URL       = local.failures_url
    },
    local.joins_environment,
  )

  # As cirrus reads its own environment (cirrus.lib.payload_bucket, 2.0): no default for the bucket,
  # "cirrus" for the prefix. Empty where process was not looked up.
  process_variables = try(data.aws_lambda_function.cirrus["process"].environment[0].variables, {})
  payload_bucket    = lookup(local.process_variables, "CIRRUS_PAYLOAD_BUCKET", "")
  payload_prefix    = lookup(local.process_variables, "CIRRUS_PAYLOAD_ROOT_PREFIX", "cirrus")

  process_payloads_url = local.payload_bucket == "" ? "" : "s3://${local.payload_bucket}/${local.payload_prefix}"
  payloads_url         = var.payloads_url != null ? var.payloads_url : local.process_payloads_url

  # rate(5 minutes) -> 300; a cron expression has no interval to read.
  rate             = try(regex("^rate\\(([0-9]+) (minute|hour|day)s?\\)$", var.reconciler.schedule), null)
  rate_seconds     = local.rate == null ? 300 : tonumber(local.rate[0]) * { minute = 60, hour = 3600, day = 86400 }[local.rate[1]]
  interval_seconds = coalesce(var.reconciler.interval_seconds, min(local.rate_seconds, 86400))

  states_arn = "arn:${local.partition}:states:${local.region}:${local.account}"

  reconciler_statements = concat(
    [
      {
        Sid      = "AnswerTokens"
        Effect   = "Allow"
        Action   = concat(local.answer_actions, var.heartbeat ? ["states:SendTaskHeartbeat"] : [])
        Resource = ["*"]
      },
      {
        Sid      = "WalkOpenRows"
        Effect   = "Allow"
        Action   = ["dynamodb:Query"]
        Resource = [local.index_arn]
      },
      {
        Sid      = "SettleAndMark"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchGetItem", "dynamodb:PartiQLUpdate", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]
        Resource = [local.table_arn]
      },
      {
        Sid      = "ReadCirrusState"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchGetItem"]
        Resource = [local.state_table_arn]
      },
      {
        Sid      = "ListRuns"
        Effect   = "Allow"
        Action   = ["states:ListExecutions"]
        Resource = ["${local.states_arn}:stateMachine:${var.prefix}-*"]
      },
      {
        Sid      = "DescribeRuns"
        Effect   = "Allow"
        Action   = ["states:DescribeExecution"]
        Resource = ["${local.states_arn}:execution:${var.prefix}-*:*"]
      },
      {
        Sid      = "CountFailedRecords"
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = [local.failure_bucket_arn]
      },
    ],
    [for siblings in(length(var.sibling_prefixes) == 0 ? [] : [var.sibling_prefixes]) : {
      Sid    = "NotTheSiblings"
      Effect = "Deny"
      Action = ["states:DescribeExecution", "states:ListExecutions"]
      Resource = flatten([for sibling in siblings : [
        "${local.states_arn}:stateMachine:${sibling}-*",
        "${local.states_arn}:execution:${sibling}-*:*",
      ]])
    }],
    local.list_statements,
    local.key_statements,
  )
}

module "reconciler" {
  source = "./modules/function"
  count  = local.count

  name                 = local.reconciler_name
  description          = "Mends lost waits of the cirrus deployment ${var.prefix}"
  handler              = "${local.handlers}.reconciler.lambda_handler"
  statements           = local.reconciler_statements
  environment          = local.reconciler_environment
  memory_size          = var.reconciler.memory_size
  timeout_seconds      = var.reconciler.timeout_seconds
  reserved_concurrency = var.reconciler.reserved_concurrency
  shared               = local.shared
}

resource "aws_cloudwatch_event_rule" "schedule" {
  count = local.count

  name                = local.reconciler_name
  description         = "Starts ${local.reconciler_name}"
  schedule_expression = var.reconciler.schedule
  state               = var.reconciler.enabled ? "ENABLED" : "DISABLED"
  tags                = local.tags

  lifecycle {
    precondition {
      condition     = alltrue([for sibling in var.sibling_prefixes : startswith(sibling, "${var.prefix}-")])
      error_message = "sibling_prefixes must extend prefix (begin with it and a hyphen): other deployments are out of the reconciler's reach anyway."
    }
  }
}

resource "aws_cloudwatch_event_target" "schedule" {
  count = local.count

  rule      = aws_cloudwatch_event_rule.schedule[0].name
  target_id = local.reconciler_name
  arn       = module.reconciler[0].function.arn

  # The next pass is never far: an old start is of no use.
  retry_policy {
    maximum_event_age_in_seconds = 60
    maximum_retry_attempts       = 1
  }
}

resource "aws_lambda_permission" "schedule" {
  count = local.count

  statement_id  = "schedule"
  action        = "lambda:InvokeFunction"
  function_name = module.reconciler[0].function.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.schedule[0].arn
}

resource "aws_lambda_function_event_invoke_config" "reconciler" {
  count = local.count

  function_name                = module.reconciler[0].function.function_name
  maximum_event_age_in_seconds = 60
  maximum_retry_attempts       = 0
}
