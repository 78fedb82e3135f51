# A KMS key for table, stream and failure bucket, where one is wanted.

locals {
  has_key     = var.encryption.key != "aws"
  creates_key = var.create && var.encryption.key == "create"
  key_arn = (
    local.creates_key ? one(aws_kms_key.this[*].arn)
    : var.encryption.key == "given" ? var.encryption.kms_key_arn
    : null
  )

  # DynamoDB opens a table's key in the caller's name, for reads and writes alike.
  # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
  key_statements = [for arn in(local.has_key ? [local.key_arn] : []) : {
    Sid      = "DecryptTrackingTable"
    Effect   = "Allow"
    Action   = ["kms:Decrypt"]
    Resource = [arn]
  }]

  # The account decides by IAM policies who may use the key.
  # https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
  key_policy = {
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AccountDecidesByPolicies"
      Effect    = "Allow"
      Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  }
}

resource "aws_kms_key" "this" {
  count = local.creates_key ? 1 : 0

  description             = "Tracking table, its stream and failed records of ${local.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = jsonencode(local.key_policy)
  tags                    = local.tags
}

resource "aws_kms_alias" "this" {
  count = local.creates_key ? 1 : 0

  name          = "alias/${local.name}"
  target_key_id = aws_kms_key.this[0].key_id
}
