# One Lambda function of the plugin: its role, what it may do, its log, its code.
#
# Private to the module two folders up, which calls it for the sender and for the reconciler.

locals {
  zip_path = var.shared.package.zip_path

  trust_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })

  log_statement = {
    Sid      = "WriteLogs"
    Effect   = "Allow"
    Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    Resource = ["arn:${var.shared.partition}:logs:${var.shared.region}:${var.shared.account}:log-group:/aws/lambda/${var.name}:*"]
  }

  # IAM knows no resource type for either of these.
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsxray.html
  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
  tracing_statements = [for on in(var.shared.tracing ? [true] : []) : {
    Sid      = "WriteTraces"
    Effect   = "Allow"
    Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    Resource = ["*"]
  }]
  vpc_statements = [for on in(var.shared.vpc == null ? [] : [true]) : {
    Sid    = "HoldNetworkInterfaces"
    Effect = "Allow"
    Action = [
      "ec2:AssignPrivateIpAddresses",
      "ec2:CreateNetworkInterface",
      "ec2:DeleteNetworkInterface",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSubnets",
      "ec2:UnassignPrivateIpAddresses",
    ]
    Resource = ["*"]
  }]

  statements = concat(var.statements, [local.log_statement], local.tracing_statements, local.vpc_statements)
}

resource "aws_iam_role" "this" {
  name                 = "${var.name}-${var.shared.region}"
  path                 = var.shared.role_path
  description          = var.description
  assume_role_policy   = local.trust_policy
  permissions_boundary = var.shared.permissions_boundary_arn
  tags                 = var.shared.tags
}

resource "aws_iam_role_policy" "this" {
  name   = var.name
  role   = aws_iam_role.this.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements })
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158: the lines hold no secret, and CloudWatch Logs encrypts them anyway
  #checkov:skip=CKV_AWS_338: how long logs are kept is the caller's choice
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.shared.log_retention_days
  tags              = var.shared.tags
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_50: tracing is the caller's choice
  #checkov:skip=CKV_AWS_115: shards or the schedule bound concurrency; a reservation is the caller's choice
  #checkov:skip=CKV_AWS_116: a stream's failures go to the mapping's own destination, and a pass is made good by the next one
  #checkov:skip=CKV_AWS_117: a VPC is the caller's choice
  #checkov:skip=CKV_AWS_173: the environment holds names and numbers, no secret
  #checkov:skip=CKV_AWS_272: code signing is the account's policy, not a module's
  function_name = var.name
  description   = var.description
  role          = aws_iam_role.this.arn
  handler       = var.handler
  runtime       = var.shared.runtime
  architectures = [var.shared.architecture]
  memory_size   = var.memory_size
  timeout       = var.timeout_seconds

  reserved_concurrent_executions = var.reserved_concurrency

  filename          = local.zip_path
  source_code_hash  = local.zip_path == null ? null : filebase64sha256(local.zip_path)
  s3_bucket         = var.shared.package.s3_bucket
  s3_key            = var.shared.package.s3_key
  s3_object_version = var.shared.package.s3_object_version

  environment {
    variables = var.environment
  }

  tracing_config {
    mode = var.shared.tracing ? "Active" : "PassThrough"
  }

  dynamic "vpc_config" {
    for_each = var.shared.vpc == null ? [] : [var.shared.vpc]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  dynamic "logging_config" {
    for_each = var.shared.log_format == null ? [] : [var.shared.log_format]

    content {
      log_format            = logging_config.value
      log_group             = aws_cloudwatch_log_group.this.name
      application_log_level = logging_config.value == "JSON" ? var.shared.log_level : null
      system_log_level      = logging_config.value == "JSON" ? "WARN" : null
    }
  }

  tags = var.shared.tags

  depends_on = [
    aws_cloudwatch_log_group.this,
    aws_iam_role_policy.this,
  ]
}
