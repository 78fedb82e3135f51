# Two cirrus deployments in one account, the prefix of the second extending that of the first, each
# with its callbacks. Cirrus and callbacks are created in one plan, so the roles are given by name
# and nothing is looked up.

module "cirrus" {
  source = "../existing-deployment"

  resource_prefix            = "fd-demo"
  project_name               = "demo"
  environment                = "prod"
  cirrus_lambda_zip_filepath = var.cirrus_zip
  process_memory             = var.process_memory
  workflows                  = local.workflows
}

module "callbacks" {
  source = "../../terraform"

  prefix            = module.cirrus.resource_prefix
  deployment_name   = "demo-prod"
  sibling_prefixes  = ["fd-demo-b"]
  cirrus_role_names = module.cirrus.role_names
  process_queue_url = module.cirrus.process_queue_url

  lambda_package = { zip_path = var.sender_zip }
  workflows = {
    "sentinel-2-cog" = { enabled = true }
    "landsat-c2"     = { enabled = true }
    "mosaic"         = { enabled = false }
  }
  heartbeat = true

  encryption          = { key = "create" }
  deletion_protection = var.deletion_protection
  failure_destination = { retention_days = 14 }

  role_path                = "/cirrus/"
  permissions_boundary_arn = aws_iam_policy.boundary.arn
  tracing                  = true
  log_format               = var.log_format
  log_retention_days       = 90

  warning_topic_arns        = [aws_sns_topic.warning.arn]
  critical_topic_arns       = [aws_sns_topic.critical.arn]
  alarm_oldest_wait_seconds = 6 * 3600

  tags = { owner = "data-platform" }
}

module "cirrus_b" {
  source = "../existing-deployment"

  resource_prefix            = "fd-demo-b"
  project_name               = "demo"
  environment                = "b"
  cirrus_lambda_zip_filepath = var.cirrus_zip
  workflows                  = local.workflows
}

module "callbacks_b" {
  source = "../../terraform"

  prefix            = module.cirrus_b.resource_prefix
  deployment_name   = "demo-b"
  cirrus_role_names = module.cirrus_b.role_names
  process_queue_url = module.cirrus_b.process_queue_url

  lambda_package      = { zip_path = var.sender_zip }
  workflows           = { "*" = { enabled = true } }
  deletion_protection = var.deletion_protection
  log_format          = var.log_format
  failure_destination = {
    create_bucket = false
    bucket_name   = aws_s3_bucket.failures.bucket
  }
}

locals {
  workflows = {
    "sentinel-2-cog" = {
      definition = jsonencode({
        StartAt = "Work"
        States  = { Work = { Type = "Pass", End = true } }
      })
    }
  }
}

resource "aws_sns_topic" "warning" {
  name = "fd-demo-warning"
}

resource "aws_sns_topic" "critical" {
  name = "fd-demo-critical"
}

# A bucket that the account has anyway, for failed records of the second deployment.
resource "aws_s3_bucket" "failures" {
  bucket_prefix = "fd-demo-failures-"
  force_destroy = true
}

resource "aws_iam_policy" "boundary" {
  name = "fd-demo-boundary"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }]
  })
}
