# What a parent workflow needs: one IAM statement, and a state that waits.

locals {
  parent_statement = {
    Sid      = "SendToProcessQueue"
    Effect   = "Allow"
    Action   = ["sqs:SendMessage"]
    Resource = [local.process_queue_arn]
  }

  # One state for two kinds of deployments: the queue's URL itself, and FilmDrop's template variable.
  wait_states = {
    for kind, url in { plain = local.process_queue_url, filmdrop = "$${CIRRUS_PROCESS_QUEUE_URL}" } : kind => {
      Type                   = "Task"
      Resource               = "arn:${local.partition}:states:::sqs:sendMessage.waitForTaskToken"
      TimeoutSeconds         = var.wait_timeout_seconds
      Parameters = {
        QueueUrl        = url
        "MessageBody.$" = "$.payload"
        MessageAttributes = {
          "cirrus-task-token"           = { DataType = "String", "StringValue.$" = "$$.Task.Token" }
          "cirrus-waiter-execution-arn" = { DataType = "String", "StringValue.$" = "$$.Execution.Id" }
        }
      }
      # No run came of the message: another message, with another token, may fare better.
      Retry = [{
        ErrorEquals     = ["CirrusCallback.NeverStarted"]
        IntervalSeconds = 60
        BackoffRate     = 2
        MaxAttempts     = 3
      }]
      ResultPath = "$.callback"
      End        = true
    }
  }

  map_states = {
    for kind, state in local.wait_states : kind => {
      Type           = "Map"
      ItemsPath      = "$.payloads"
      ItemSelector   = { "payload.$" = "$$.Map.Item.Value" }
      MaxConcurrency = 40
      ItemProcessor = {
        ProcessorConfig = { Mode = "INLINE" }
        StartAt         = "WaitForPayload"
        States          = { WaitForPayload = state }
      }
      ResultPath = "$.callbacks"
      End        = true
    }
  }
}
