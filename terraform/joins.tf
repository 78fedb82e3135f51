# Joins: where the sender sends members to, where it reads their lists, where whole lists are written.

locals {
  # One place, whichever of the two says it: the payload bucket and cirrus's prefix in it.
  payloads_root = trimsuffix(var.payloads_url == null || var.payloads_url == "" ? local.process_payloads_url : var.payloads_url, "/")

  joins_url = (
    var.joins_url == null ? ""
    : var.joins_url != "derived" ? var.joins_url
    : local.payloads_root != "" ? "${local.payloads_root}/callbacks/joins/"
    : ""
  )

  joins_environment = merge(
    local.joins_url == "" ? {} : { CIRRUS_CALLBACKS_JOINS_URL = local.joins_url },
    local.payloads_url == "" ? {} : { CIRRUS_CALLBACKS_PAYLOADS_URL = local.payloads_url },
  )

  queue_arns = concat([local.process_queue_arn], var.additional_queue_arns)

  # arn:<partition>:s3:::<bucket>: every object of it; .../<prefix>: those whose key begins so.
  member_list_arns = concat(
    [for root in(local.payloads_root == "" ? [] : [local.payloads_root]) : "arn:${local.partition}:s3:::${split("/", root)[2]}"],
    var.additional_member_list_arns,
  )

  send_statements = concat(
    [{
      Sid      = "SendMembers"
      Effect   = "Allow"
      Action   = ["sqs:SendMessage"]
      Resource = local.queue_arns
    }],
    [for arns in(length(local.member_list_arns) == 0 ? [] : [local.member_list_arns]) : {
      Sid      = "ReadMemberLists"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = [for arn in arns : length(split("/", arn)) == 1 ? "${arn}/*" : "${arn}*"]
    }],
    # SQS opens a queue's key in the name of the sender.
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    [for arns in(length(var.join_keys.queue_key_arns) == 0 ? [] : [var.join_keys.queue_key_arns]) : {
      Sid      = "EncryptMembers"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = arns
    }],
    [for arns in(length(var.join_keys.member_list_key_arns) == 0 ? [] : [var.join_keys.member_list_key_arns]) : {
      Sid      = "DecryptMemberLists"
      Effect   = "Allow"
      Action   = ["kms:Decrypt"]
      Resource = arns
    }],
  )

  # What answers a join, sender or reconciler, writes its whole list.
  list_statements = concat(
    [for url in(local.joins_url == "" ? [] : [local.joins_url]) : {
      Sid      = "WriteJoins"
      Effect   = "Allow"
      Action   = ["s3:PutObject"]
      Resource = ["arn:${local.partition}:s3:::${trimprefix(url, "s3://")}*"]
    }],
    [for arn in(local.joins_url == "" || var.join_keys.joins_key_arn == null ? [] : [var.join_keys.joins_key_arn]) : {
      Sid      = "EncryptJoins"
      Effect   = "Allow"
      Action   = ["kms:GenerateDataKey"]
      Resource = [arn]
    }],
  )
}
