output "function" {
  description = "The function, once its role may do what it has to."
  value       = aws_lambda_function.this
}

output "role" {
  description = "Its role."
  value       = aws_iam_role.this
}

output "statements" {
  description = "What the role may do."
  value       = local.statements
}

output "log_group" {
  description = "Its log group."
  value       = aws_cloudwatch_log_group.this
}
