# The reconciler: on a schedule, mends what lost events left open.

locals {
  reconciler_name = "${local.name}-reconciler"

  reconciler_environment = merge(
    local.common_environment,
    {
      CIRRUS_CALLBACKS_GRACE_SECONDS      = tostring(var.grace_seconds)
      CIRRUS_CALLBACKS_REDELIVERY_SECONDS = tostring(var.redelivery_seconds)
      CIRRUS_CALLBACKS_HEARTBEAT          = tostring(var.heartbeat)
      CIRRUS_CALLBACKS_INTERVAL_SECONDS   = tostring(local.interval_seconds)
      CIRRUS_CALLBACKS_FAILURES_URL       = local.failures_url
    },
    local.payloads_url == "" ? {} : { CIRRUS_CALLBACKS_PAYLOADS_URL = local.payloads_url },
  )

  # As cirrus reads its own environment (cirrus.lib.payload_bucket, 2.0): no default for the bucket,
  # "cirrus" for the prefix. Empty where process was not looked up.
  process_variables = try(data.aws_lambda_function.cirrus["process"].environment[0].variables, {})
  payload_bucket    = lookup(local.process_variables, "CIRRUS_PAYLOAD_BUCKET", "")
  payload_prefix    = lookup(local.process_variables, "CIRRUS_PAYLOAD_ROOT_PREFIX", "cirrus")
  payloads_url = (
    var.payloads_url != null ? var.payloads_url
    : local.payload_bucket != "" ? "s3://${local.payload_bucket}/${local.payload_prefix}"
    : ""
  )

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
        Action   = ["dynamodb:BatchGetItem", "dynamodb:UpdateItem"]
        Resource = [local.table_arn]
      },
      {
        Sid      = "ReadCirrusState"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchGetItem", "dynamodb:GetItem"]
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
      local.log_statements["reconciler"],
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
    local.key_statements,
    local.tracing_statements,
    local.vpc_statements,
  )
}

resource "aws_iam_role" "reconciler" {
  count = local.count

  name                 = "${local.reconciler_name}-${local.region}"
  path                 = var.role_path
  description          = "Mends lost waits of the cirrus deployment ${var.prefix}"
  assume_role_policy   = local.trust_policy
  permissions_boundary = var.permissions_boundary_arn
  tags                 = local.tags
}

resource "aws_iam_role_policy" "reconciler" {
  count = local.count

  name   = local.reconciler_name
  role   = aws_iam_role.reconciler[0].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.reconciler_statements })

  lifecycle {
    precondition {
      condition     = alltrue([for sibling in var.sibling_prefixes : startswith(sibling, "${var.prefix}-")])
      error_message = "sibling_prefixes must extend prefix (begin with it and a hyphen): other deployments are out of the reconciler's reach anyway."
    }
  }
}

resource "aws_cloudwatch_log_group" "reconciler" {
  #checkov:skip=CKV_AWS_158: the lines hold no secret, and CloudWatch Logs encrypts them anyway
  #checkov:skip=CKV_AWS_338: how long logs are kept is the caller's choice
  count = local.count

  name              = "/aws/lambda/${local.reconciler_name}"
  retention_in_days = var.log_retention_days
  tags              = local.tags
}

resource "aws_lambda_function" "reconciler" {
  #checkov:skip=CKV_AWS_50: tracing is the caller's choice
  #checkov:skip=CKV_AWS_115: the schedule starts one at a time; a reservation is the caller's choice
  #checkov:skip=CKV_AWS_116: a pass that failed is made good by the next one, and an alarm tells
  #checkov:skip=CKV_AWS_117: a VPC is the caller's choice
  #checkov:skip=CKV_AWS_173: the environment holds names and numbers, no secret
  #checkov:skip=CKV_AWS_272: code signing is the account's policy, not a module's
  count = local.count

  function_name = local.reconciler_name
  description   = "Mends lost waits of the cirrus deployment ${var.prefix}"
  role          = aws_iam_role.reconciler[0].arn
  handler       = "${local.handlers}.reconciler.lambda_handler"
  runtime       = var.runtime
  architectures = [var.architecture]
  memory_size   = var.reconciler.memory_size
  timeout       = var.reconciler.timeout_seconds

  reserved_concurrent_executions = var.reconciler.reserved_concurrency

  filename          = local.zip_path
  source_code_hash  = local.zip_path == null ? null : filebase64sha256(local.zip_path)
  s3_bucket         = local.s3_bucket
  s3_key            = try(var.lambda_package.s3_key, null)
  s3_object_version = try(var.lambda_package.s3_object_version, null)

  environment {
    variables = local.reconciler_environment
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
      log_group             = aws_cloudwatch_log_group.reconciler[0].name
      application_log_level = logging_config.value == "JSON" ? var.log_level : null
      system_log_level      = logging_config.value == "JSON" ? "WARN" : null
    }
  }

  tags = local.tags

  depends_on = [
    aws_cloudwatch_log_group.reconciler,
    aws_iam_role_policy.reconciler,
    terraform_data.code,
  ]
}

resource "aws_cloudwatch_event_rule" "schedule" {
  count = local.count

  name                = local.reconciler_name
  description         = "Starts ${local.reconciler_name}"
  schedule_expression = var.reconciler.schedule
  state               = var.reconciler.enabled ? "ENABLED" : "DISABLED"
  tags                = local.tags
}

resource "aws_cloudwatch_event_target" "schedule" {
  count = local.count

  rule      = aws_cloudwatch_event_rule.schedule[0].name
  target_id = local.reconciler_name
  arn       = aws_lambda_function.reconciler[0].arn

  # The next pass is never far: an old start is no use.
  retry_policy {
    maximum_event_age_in_seconds = 60
    maximum_retry_attempts       = 1
  }
}

resource "aws_lambda_permission" "schedule" {
  count = local.count

  statement_id  = "schedule"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.reconciler[0].function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.schedule[0].arn
}

resource "aws_lambda_function_event_invoke_config" "reconciler" {
  count = local.count

  function_name                = aws_lambda_function.reconciler[0].function_name
  maximum_event_age_in_seconds = 60
  maximum_retry_attempts       = 0
}
