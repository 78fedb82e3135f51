resource "aws_iam_role" "workflow" {
  for_each = var.workflows

  name_prefix        = "${var.resource_prefix}-wf-"
  assume_role_policy = local.trust.states
}

resource "aws_iam_role_policy" "workflow" {
  for_each = { for name, workflow in var.workflows : name => workflow if length(workflow.role_statements) > 0 }

  name = "additional-services"
  role = aws_iam_role.workflow[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for statement in each.value.role_statements :
      { Sid = statement.sid, Effect = statement.effect, Action = statement.actions, Resource = statement.resources }
    ]
  })
}

resource "aws_sfn_state_machine" "workflow" {
  for_each = var.workflows

  name       = "${var.resource_prefix}-${each.key}"
  role_arn   = aws_iam_role.workflow[each.key].arn
  definition = replace(each.value.definition, "$${CIRRUS_PROCESS_QUEUE_URL}", aws_sqs_queue.process.url)
}
