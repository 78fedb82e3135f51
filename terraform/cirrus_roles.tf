# What cirrus's own two functions need on the tracking table, attached to the roles they have.
#
# A role is found through the function's `role` attribute alone: FilmDrop names both of them
# <prefix>-process-role-<random>. A role that is given by name is not looked up.

locals {
  cirrus_functions = {
    process = {
      function_name = coalesce(var.process_function_name, "${var.prefix}-process")
      statements = concat(
        [{
          Sid      = "RegisterAndSettle"
          Effect   = "Allow"
          Action   = ["dynamodb:PartiQLUpdate", "dynamodb:PutItem", "dynamodb:UpdateItem"]
          Resource = [local.table_arn]
        }],
        local.key_statements,
      )
    }
    update_state = {
      function_name = coalesce(var.update_state_function_name, "${var.prefix}-update-state")
      statements = concat(
        [{
          Sid      = "FindAndSettle"
          Effect   = "Allow"
          Action   = ["dynamodb:PartiQLUpdate", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]
          Resource = [local.table_arn]
        }],
        local.key_statements,
      )
    }
  }

  cirrus_policies = {
    for name, function in local.cirrus_functions :
    name => jsonencode({ Version = "2012-10-17", Statement = function.statements })
  }

  attached  = var.create && var.attach_policies ? toset(keys(local.cirrus_functions)) : toset([])
  looked_up = toset([for name in local.attached : name if !contains(keys(var.cirrus_role_names), name)])

  # arn:<partition>:iam::<account>:role/<path>/<name>
  role_names = {
    for name in local.attached : name => (
      contains(local.looked_up, name)
      ? element(split("/", data.aws_lambda_function.cirrus[name].role), -1)
      : var.cirrus_role_names[name]
    )
  }
}

data "aws_lambda_function" "cirrus" {
  for_each = local.looked_up

  function_name = local.cirrus_functions[each.key].function_name
}

resource "aws_iam_role_policy" "cirrus" {
  for_each = local.attached

  name   = "${local.name}-${replace(each.key, "_", "-")}"
  role   = local.role_names[each.key]
  policy = local.cirrus_policies[each.key]
}
