# FilmDrop's cirrus module is an input of this example: put a release of
# filmdrop-aws-tf-modules into ./filmdrop, or name it by its git address here.

module "cirrus" {
  source = "./filmdrop/modules/cirrus"

  resource_prefix        = var.resource_prefix
  project_name           = var.project_name
  environment            = var.environment
  vpc_id                 = var.vpc.id
  vpc_subnet_ids         = var.vpc.subnet_ids
  vpc_security_group_ids = var.vpc.security_group_ids
  warning_sns_topic_arn  = var.warning_topic_arn
  critical_sns_topic_arn = var.critical_topic_arn

  # The one change: cirrus's five functions run from a zip that has the plugin in it.
  cirrus_lambda_zip_filepath = var.cirrus_zip
  cirrus_lambda_pyversion    = var.cirrus_pyversion

  # Parent workflows: see the README. They use FilmDrop's own template variables, so nothing that
  # the callbacks put out feeds back into cirrus.
  cirrus_workflow_definitions_dir = "workflows"
}

module "callbacks" {
  source = "../../terraform"

  # The prefix alone: names that are known at plan. FilmDrop has no output for the roles of its
  # functions, so they are looked up, in a deployment that exists. No depends_on here.
  prefix          = var.resource_prefix
  deployment_name = "${var.project_name}-${var.environment}"

  lambda_package = { zip_path = var.sender_zip }
  workflows      = { "sentinel-2-cog" = { enabled = true } }

  vpc = {
    subnet_ids         = var.vpc.subnet_ids
    security_group_ids = var.vpc.security_group_ids
  }

  warning_topic_arns  = [var.warning_topic_arn]
  critical_topic_arns = [var.critical_topic_arn]
}
