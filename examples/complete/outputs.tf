output "callbacks" {
  description = "What the first deployment's callbacks module puts out."
  value       = module.callbacks
}

output "callbacks_b" {
  description = "What the second deployment's callbacks module puts out."
  value       = module.callbacks_b
}

output "role_names" {
  description = "Roles of cirrus's functions in both deployments."
  value       = { a = module.cirrus.role_names, b = module.cirrus_b.role_names }
}
