# The per-workflow flag in environment and filter.
mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws-us-gov", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_region" {
    defaults = { id = "us-gov-west-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_lambda_function" {
    defaults = { role = "arn:aws-us-gov:iam::123456789012:role/some/path/fd-test-cirrus-process-role-20240601" }
  }
}

variables {
  prefix         = "fd-test-cirrus"
  lambda_package = { s3_bucket = "artifacts", s3_key = "sender.zip" }
}

run "none" {
  command = plan

  assert {
    condition     = output.filter_patterns == [local.settled_and_unanswered, "{\"dynamodb\":{\"NewImage\":{\"workflow\":{\"S\":[{\"anything-but\":[\"#join\"]}]}}},\"eventName\":[\"INSERT\"]}"]
    error_message = "With no workflow enabled the new row of every workflow passes, to be refused; a join's does not."
  }
}

run "all_switched_off" {
  command = plan

  variables {
    workflows = { "sentinel-2-cog" = { enabled = false } }
  }

  assert {
    condition     = !contains(keys(local.sender_environment), "CIRRUS_CALLBACKS_WORKFLOWS") && output.filter_patterns[1] == "{\"dynamodb\":{\"NewImage\":{\"workflow\":{\"S\":[{\"anything-but\":[\"#join\"]}]}}},\"eventName\":[\"INSERT\"]}"
    error_message = "A map whose workflows are all off is as an empty one."
  }
}

run "list" {
  command = plan

  variables {
    workflows = { "sentinel-2-cog" = {}, "mosaic" = { enabled = false }, "landsat-c2" = { enabled = true } }
  }

  assert {
    condition     = module.sender[0].function.environment[0].variables["CIRRUS_CALLBACKS_WORKFLOWS"] == "landsat-c2,sentinel-2-cog"
    error_message = "The environment names what is enabled, sorted."
  }
  assert {
    condition     = output.filter_patterns[1] == "{\"dynamodb\":{\"NewImage\":{\"workflow\":{\"S\":[{\"anything-but\":[\"#join\",\"landsat-c2\",\"sentinel-2-cog\"]}]}}},\"eventName\":[\"INSERT\"]}"
    error_message = "New rows of other workflows pass."
  }
}

run "star" {
  command = plan

  variables {
    workflows = { "*" = {} }
  }

  assert {
    condition     = module.sender[0].function.environment[0].variables["CIRRUS_CALLBACKS_WORKFLOWS"] == "*" && output.filter_patterns == [local.settled_and_unanswered]
    error_message = "With every workflow enabled no new row is to be refused."
  }
}

run "star_switched_off" {
  command = plan

  variables {
    workflows = { "*" = { enabled = false } }
  }

  assert {
    condition     = !contains(keys(local.sender_environment), "CIRRUS_CALLBACKS_WORKFLOWS") && length(output.filter_patterns) == 2
    error_message = "A star that is off enables nothing."
  }
}

run "fits_just" {
  command = plan

  variables {
    workflows = { for number in range(45) : format("workflow-%071d", number) => {} }
  }

  assert {
    condition     = length(output.filter_patterns[1]) <= 4096
    error_message = "45 names of 80 characters fit."
  }
}

# Short names fill the pattern first (three more bytes a name), long ones the environment.
run "too_many_for_the_filter_pattern" {
  command = plan

  variables {
    workflows = { for number in range(260) : format("workflow-%04d", number) => {} }
  }

  expect_failures = [aws_lambda_event_source_mapping.stream]
}

run "too_many_for_the_environment" {
  command = plan

  variables {
    workflows = { for number in range(50) : format("workflow-%071d", number) => {} }
  }

  expect_failures = [aws_lambda_event_source_mapping.stream]
}
