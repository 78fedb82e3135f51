# Where stream records go that the sender could not handle: S3 keeps the records themselves, an SQS
# queue would get their numbers only. The reconciler counts the objects; an alarm tells.

locals {
  creates_bucket      = var.create && var.failure_destination.create_bucket
  failure_bucket_name = local.creates_bucket ? one(aws_s3_bucket.failures[*].bucket) : var.failure_destination.bucket_name
  failure_bucket_arn  = "arn:${local.partition}:s3:::${coalesce(local.failure_bucket_name, "none")}"

  # Lambda puts objects under aws/lambda/<mapping>/.
  # https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
  failures_url = local.failure_bucket_name == null ? "" : "s3://${local.failure_bucket_name}/aws/lambda/${one(aws_lambda_event_source_mapping.stream[*].uuid)}/"

  # bucket_prefix leaves room for 26 random characters of 63.
  failure_bucket_prefix = "${lower(var.prefix)}-cb-fail-"
}

resource "aws_s3_bucket" "failures" {
  #checkov:skip=CKV_AWS_18: Lambda alone writes here; data events of CloudTrail are the account's choice
  #checkov:skip=CKV_AWS_21: an object is written once and expires: versions would keep tokens for longer
  #checkov:skip=CKV_AWS_144: failed records are looked at, not kept: another region's copy helps nobody
  #checkov:skip=CKV_AWS_145: a KMS key of one's own is the caller's choice (encryption)
  #checkov:skip=CKV2_AWS_62: the reconciler counts the objects and an alarm tells
  count = local.creates_bucket ? 1 : 0

  bucket_prefix = local.failure_bucket_prefix
  force_destroy = !var.deletion_protection
  tags          = local.tags
}

resource "aws_s3_bucket_public_access_block" "failures" {
  count = local.creates_bucket ? 1 : 0

  bucket                  = aws_s3_bucket.failures[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "failures" {
  count = local.creates_bucket ? 1 : 0

  bucket = aws_s3_bucket.failures[0].id

  rule {
    bucket_key_enabled = local.has_key

    apply_server_side_encryption_by_default {
      sse_algorithm     = local.has_key ? "aws:kms" : "AES256"
      kms_master_key_id = local.key_arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "failures" {
  count = local.creates_bucket ? 1 : 0

  bucket = aws_s3_bucket.failures[0].id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = var.failure_destination.retention_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_s3_bucket_policy" "failures" {
  count = local.creates_bucket ? 1 : 0

  bucket = aws_s3_bucket.failures[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "EncryptedConnectionsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [local.failure_bucket_arn, "${local.failure_bucket_arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.failures]
}
