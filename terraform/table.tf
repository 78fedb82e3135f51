# The tracking table: what cirrus_callbacks_plugin/waits/definition.py says, attribute by attribute
# (a test compares the two).

locals {
  waiting_index = "waiting"
}

resource "aws_dynamodb_table" "this" {
  #checkov:skip=CKV_AWS_119: a KMS key of one's own is the caller's choice (encryption); it costs money per call
  #checkov:skip=CKV_AWS_28: point-in-time recovery is on unless the caller turns it off
  #checkov:skip=CKV2_AWS_16: on demand: there is no capacity to scale
  count = local.count

  name         = local.table_name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "payload_id"
  range_key    = "task_token"

  stream_enabled   = true
  stream_view_type = "NEW_IMAGE"

  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = "payload_id"
    type = "S"
  }

  attribute {
    name = "task_token"
    type = "S"
  }

  attribute {
    name = local.waiting_index
    type = "S"
  }

  attribute {
    name = "registered_at"
    type = "S"
  }

  global_secondary_index {
    name            = local.waiting_index
    hash_key        = local.waiting_index
    range_key       = "registered_at"
    projection_type = "KEYS_ONLY"
  }

  ttl {
    enabled        = true
    attribute_name = "expiration_time"
  }

  point_in_time_recovery {
    enabled = var.point_in_time_recovery
  }

  dynamic "server_side_encryption" {
    for_each = local.has_key ? [local.key_arn] : []

    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }

  tags = local.tags

  lifecycle {
    precondition {
      condition     = local.table_name != "underivable"
      error_message = "The tracking table's name cannot be derived from state_table_name, which does not end in -state: set table_name, and CIRRUS_CALLBACKS_TABLE for process and update-state."
    }
  }
}
