# What a parent workflow needs: one IAM statement, and a state that waits, or two for a join.
#
# A cirrus execution's input is the payload itself. So the states take the children from where a
# payload has room for them, the parameters of a task: process[0].tasks.wait.child, or .children.
# The answer is put beside what the payload holds, and the output is a payload again.
#
# The Map hands back answers alone: all of them together must fit into 256 KiB, and an answer takes
# some 500 bytes. A child that fails gives the name of its error in the place of an answer: nothing
# but an inner Catch keeps one failed child from ending the Map and leaving the other waits.
#
# A join waits once for the whole list, whose answer says what became of each member. Where too few
# succeeded the second of its states puts that answer in the place of the first one's: a workflow
# goes on from there, or ends with a Fail state in its stead.

locals {
  parent_statement = {
    Sid      = "SendToProcessQueue"
    Effect   = "Allow"
    Action   = ["sqs:SendMessage"]
    Resource = [local.process_queue_arn]
  }

  # The queue's URL itself, or FilmDrop's template variable.
  queue_urls = { plain = local.process_queue_url, filmdrop = "$${CIRRUS_PROCESS_QUEUE_URL}" }

  send_fields = {
    Type           = "Task"
    Resource       = "arn:${local.partition}:states:::sqs:sendMessage.waitForTaskToken"
    TimeoutSeconds = var.wait_timeout_seconds
  }

  retry_sending = {
    Comment         = "The message itself could not be sent"
    ErrorEquals     = ["SQS.AmazonSQSException", "SQS.SdkClientException"]
    IntervalSeconds = 1
    BackoffRate     = 2
    MaxAttempts     = 5
  }

  wait_fields = merge(local.send_fields, {
    Retry = [
      {
        Comment         = "No run came of the message: another one, with another token, may fare better"
        ErrorEquals     = ["CirrusCallback.NeverStarted"]
        IntervalSeconds = 60
        BackoffRate     = 2
        MaxAttempts     = 3
      },
      local.retry_sending,
    ]
  })

  # Every member has a run of its own to fail by: a join as a whole is not sent again by itself.
  join_fields = merge(local.send_fields, { Retry = [local.retry_sending] })

  too_few = { ErrorEquals = ["CirrusCallback.JoinFailed"], Next = "TooFewSucceeded" }

  any_error = { ErrorEquals = ["States.ALL"], Next = "NoAnswer" }

  jsonpath_parameters = {
    for kind, url in local.queue_urls : kind => {
      QueueUrl = url
      MessageAttributes = {
        "cirrus-task-token"           = { DataType = "String", "StringValue.$" = "$$.Task.Token" }
        "cirrus-waiter-execution-arn" = { DataType = "String", "StringValue.$" = "$$.Execution.Id" }
      }
    }
  }

  jsonata_arguments = {
    for kind, url in local.queue_urls : kind => {
      QueueUrl = url
      MessageAttributes = {
        "cirrus-task-token"           = { DataType = "String", StringValue = "{% $states.context.Task.Token %}" }
        "cirrus-waiter-execution-arn" = { DataType = "String", StringValue = "{% $states.context.Execution.Id %}" }
      }
    }
  }

  wait_states = {
    for kind, parameters in local.jsonpath_parameters : kind => merge(local.wait_fields, {
      Parameters = merge(parameters, { "MessageBody.$" = "$.process[0].tasks.wait.child" })
      ResultPath = "$.answer"
      End        = true
    })
  }

  map_states = {
    for kind, parameters in local.jsonpath_parameters : kind => {
      Type           = "Map"
      ItemsPath      = "$.process[0].tasks.wait.children"
      ItemSelector   = { "child.$" = "$$.Map.Item.Value" }
      MaxConcurrency = 40
      ItemProcessor = {
        ProcessorConfig = { Mode = "INLINE" }
        StartAt         = "WaitForPayload"
        States = {
          WaitForPayload = merge(local.wait_fields, {
            Parameters = merge(parameters, { "MessageBody.$" = "$.child" })
            ResultPath = "$.answer"
            OutputPath = "$.answer"
            Catch      = [merge(local.any_error, { ResultPath = "$.answer" })]
            End        = true
          })
          NoAnswer = {
            Type       = "Pass"
            Parameters = { "error.$" = "$.answer.Error" }
            End        = true
          }
        }
      }
      ResultPath = "$.answers"
      End        = true
    }
  }

  jsonata_wait_states = {
    for kind, arguments in local.jsonata_arguments : kind => merge(local.wait_fields, {
      QueryLanguage = "JSONata"
      Arguments     = merge(arguments, { MessageBody = "{% $states.input.process[0].tasks.wait.child %}" })
      Output        = "{% $merge([$states.input, {'answer': $states.result}]) %}"
      End           = true
    })
  }

  jsonata_map_states = {
    for kind, arguments in local.jsonata_arguments : kind => {
      QueryLanguage  = "JSONata"
      Type           = "Map"
      Items          = "{% $states.input.process[0].tasks.wait.children %}"
      ItemSelector   = { child = "{% $states.context.Map.Item.Value %}" }
      MaxConcurrency = 40
      ItemProcessor = {
        ProcessorConfig = { Mode = "INLINE" }
        StartAt         = "WaitForPayload"
        States = {
          WaitForPayload = merge(local.wait_fields, {
            QueryLanguage = "JSONata"
            Arguments     = merge(arguments, { MessageBody = "{% $states.input.child %}" })
            Output        = "{% $states.result %}"
            Catch         = [merge(local.any_error, { Output = { error = "{% $states.errorOutput.Error %}" } })]
            End           = true
          })
          NoAnswer = {
            QueryLanguage = "JSONata"
            Type          = "Pass"
            End           = true
          }
        }
      }
      Output = "{% $merge([$states.input, {'answers': $states.result}]) %}"
      End    = true
    }
  }

  join_states = {
    for kind, parameters in local.jsonpath_parameters : kind => {
      WaitForMembers = merge(local.join_fields, {
        Parameters = merge(parameters, {
          MessageBody = {
            join = {
              "members.$" = "$.process[0].tasks.wait.children"
              succeed_on  = "all"
            }
          }
        })
        ResultPath = "$.answer"
        Catch      = [merge(local.too_few, { ResultPath = "$.answer" })]
        End        = true
      })
      TooFewSucceeded = {
        Type = "Pass"
        Parameters = {
          "error.$" = "$.answer.Error"
          "cause.$" = "States.StringToJson($.answer.Cause)"
        }
        ResultPath = "$.answer"
        End        = true
      }
    }
  }

  jsonata_join_states = {
    for kind, arguments in local.jsonata_arguments : kind => {
      WaitForMembers = merge(local.join_fields, {
        QueryLanguage = "JSONata"
        Arguments = merge(arguments, {
          MessageBody = {
            join = {
              members    = "{% $states.input.process[0].tasks.wait.children %}"
              succeed_on = "all"
            }
          }
        })
        Output = "{% $merge([$states.input, {'answer': $states.result}]) %}"
        Catch = [merge(local.too_few, {
          Output = "{% $merge([$states.input, {'answer': $states.errorOutput}]) %}"
        })]
        End = true
      })
      TooFewSucceeded = {
        QueryLanguage = "JSONata"
        Type          = "Pass"
        Output        = "{% $merge([$states.input, {'answer': {'error': $states.input.answer.Error, 'cause': $parse($states.input.answer.Cause)}}]) %}"
        End           = true
      }
    }
  }
}
