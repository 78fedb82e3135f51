# tflint --init && tflint --recursive
plugin "terraform" {
  enabled = true
  preset  = "all"
}

plugin "aws" {
  enabled = true
  version = "0.38.0"
  source  = "github.com/terraform-linters/tflint-ruleset-aws"
}

# A file per concern, and variables by what they are about: the standard module structure has one
# variables.tf.
rule "terraform_standard_module_structure" {
  enabled = false
}
