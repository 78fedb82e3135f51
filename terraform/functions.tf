# What sender and reconciler share: their code, the base of their environment, how they run.

locals {
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

  # A call without a package is refused below. The stand-in keeps the provider from saying the same in
  # words of its own.
  shared = {
    partition                = local.partition
    region                   = local.region
    account                  = local.account
    package                  = var.lambda_package == null ? { zip_path = null, s3_bucket = "none", s3_key = "none", s3_object_version = null } : var.lambda_package
    runtime                  = var.runtime
    architecture             = var.architecture
    role_path                = var.role_path
    permissions_boundary_arn = var.permissions_boundary_arn
    tracing                  = var.tracing
    vpc                      = var.vpc
    log_format               = var.log_format
    log_level                = var.log_level
    log_retention_days       = var.log_retention_days
    tags                     = local.tags
  }

  # IAM knows no resource type for SendTask*: anyone who holds a token may answer it.
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
  answer_actions = ["states:SendTaskFailure", "states:SendTaskSuccess"]
}

resource "terraform_data" "code" {
  count = local.count

  # Stands for the code in plans of both functions, and refuses a call without any.
  input = try(filebase64sha256(var.lambda_package.zip_path), "${var.lambda_package.s3_bucket}/${var.lambda_package.s3_key}", null)

  lifecycle {
    precondition {
      condition     = var.lambda_package != null
      error_message = "lambda_package is missing: build the zip with `cirrus-callbacks package --sender -o FILE` and give lambda_package = { zip_path = \"FILE\" }."
    }
  }
}
