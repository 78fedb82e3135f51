# Names and ARNs, written out from what is known at plan: no policy then changes "after apply"
# because something upstream does.

data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_caller_identity" "current" {}

locals {
  partition  = data.aws_partition.current.partition
  dns_suffix = data.aws_partition.current.dns_suffix
  region     = data.aws_region.current.id # the spelling that provider 5 and 6 share
  account    = data.aws_caller_identity.current.account_id

  count = var.create ? 1 : 0
  name  = "${var.prefix}-callbacks"

  state_table_name = coalesce(var.state_table_name, "${var.prefix}-state")
  table_name = coalesce(
    var.table_name,
    endswith(local.state_table_name, "-state") ? "${trimsuffix(local.state_table_name, "-state")}-callbacks" : "underivable",
  )

  table_arn       = "arn:${local.partition}:dynamodb:${local.region}:${local.account}:table/${local.table_name}"
  index_arn       = "${local.table_arn}/index/${local.waiting_index}"
  state_table_arn = "arn:${local.partition}:dynamodb:${local.region}:${local.account}:table/${local.state_table_name}"

  process_queue_name = coalesce(var.process_queue_name, "${var.prefix}-process")
  process_queue_arn  = "arn:${local.partition}:sqs:${local.region}:${local.account}:${local.process_queue_name}"
  process_queue_url  = coalesce(var.process_queue_url, "https://sqs.${local.region}.${local.dns_suffix}/${local.account}/${local.process_queue_name}")

  tags = merge({ "cirrus-callbacks" = var.prefix }, var.tags)
}
