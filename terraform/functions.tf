# What sender and reconciler share: their code, their environment, what they may do as Lambda
# functions whatever they are for.

locals {
  zip_path  = try(var.lambda_package.zip_path, null)
  s3_bucket = try(var.lambda_package.s3_bucket, null)

  handlers = "cirrus_callbacks_plugin.lambda_functions"

  common_environment = {
    CIRRUS_STATE_DB                 = local.state_table_name
    CIRRUS_CALLBACKS_TABLE          = local.table_name
    CIRRUS_CALLBACKS_RETENTION_DAYS = tostring(var.retention_days)
    POWERTOOLS_LOG_LEVEL            = local.python_log_level[var.log_level]
  }

  python_log_level = {
    DEBUG = "DEBUG"
    INFO  = "INFO"
    WARN  = "WARNING"
    ERROR = "ERROR"
    FATAL = "CRITICAL"
  }

  trust_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })

  # IAM knows no resource type for either of these.
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsxray.html
  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
  tracing_statements = [for on in(var.tracing ? [true] : []) : {
    Sid      = "WriteTraces"
    Effect   = "Allow"
    Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    Resource = ["*"]
  }]
  vpc_statements = [for on in(var.vpc == null ? [] : [true]) : {
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
  log_statements = {
    for function in ["sender", "reconciler"] : function => {
      Sid      = "WriteLogs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/lambda/${local.name}-${function}:*"]
    }
  }

  # IAM knows no resource type for SendTask*: whoever holds a token may answer it.
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
  answer_actions = ["states:SendTaskFailure", "states:SendTaskSuccess"]
}

resource "terraform_data" "code" {
  count = local.count

  # Stands for the code in plans of both functions, and refuses a call without any.
  input = local.zip_path != null ? filebase64sha256(local.zip_path) : try("${var.lambda_package.s3_bucket}/${var.lambda_package.s3_key}", null)

  lifecycle {
    precondition {
      condition     = var.lambda_package != null
      error_message = "lambda_package is missing: build the zip with `cirrus-callbacks package --sender -o FILE` and give lambda_package = { zip_path = \"FILE\" }."
    }
  }
}
