# A stand-in of a cirrus deployment as FilmDrop's Terraform modules make it: the same names, the
# same roles with the same permissions, the same wiring. The module is proven against this; to
# deploy cirrus itself, use those modules.

data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_caller_identity" "current" {}

locals {
  partition       = data.aws_partition.current.partition
  region          = data.aws_region.current.id
  account         = data.aws_caller_identity.current.account_id
  deployment_name = "${var.project_name}-${var.environment}"
  states_arn      = "arn:${local.partition}:states:${local.region}:${local.account}"
  base_machine    = "${local.states_arn}:stateMachine:${var.resource_prefix}-"
  any_object      = "arn:${local.partition}:s3:::${aws_s3_bucket.payloads.bucket}/*"

  trust = {
    for service in ["lambda", "states"] : service => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Principal = { Service = "${service}.amazonaws.com" }
        Action    = "sts:AssumeRole"
      }]
    })
  }
}

resource "aws_dynamodb_table" "state" {
  name         = "${var.resource_prefix}-state"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "collections_workflow"
  range_key    = "itemids"

  dynamic "attribute" {
    for_each = ["collections_workflow", "itemids", "state_updated", "updated"]

    content {
      name = attribute.value
      type = "S"
    }
  }

  dynamic "global_secondary_index" {
    for_each = ["state_updated", "updated"]

    content {
      name            = global_secondary_index.value
      hash_key        = "collections_workflow"
      range_key       = global_secondary_index.value
      projection_type = "ALL"
    }
  }
}

resource "aws_sqs_queue" "process_dead_letter" {
  name = "${var.resource_prefix}-process-dead-letter"
}

resource "aws_sqs_queue" "process" {
  name                       = "${var.resource_prefix}-process"
  visibility_timeout_seconds = 180

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.process_dead_letter.arn
    maxReceiveCount     = 5
  })

  # moto, on which the tests apply this, gives the policy back in another form.
  lifecycle {
    ignore_changes = [redrive_policy]
  }
}

resource "aws_sqs_queue" "update_state_dead_letter" {
  name = "${var.resource_prefix}-update-state-dead-letter"
}

resource "aws_sns_topic" "publish" {
  name = "${var.resource_prefix}-publish"
}

resource "aws_sns_topic" "workflow_event" {
  name = "${var.resource_prefix}-workflow-event"
}

resource "aws_s3_bucket" "payloads" {
  bucket_prefix = "${var.resource_prefix}-payload-"
  force_destroy = true
}
