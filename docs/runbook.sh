# The commands of runbook.md, for bash with jq and the AWS CLI: source this file. A queue is named by the stack's output.
# `jq -a` escapes control characters, because producers write what is printed.

export AWS_PAGER=""
STACK=${STACK:-walmart-order-acknowledgement}
SECRET=${SECRET:-walmart-ca}

# The value of an output of the stack.
output() { aws cloudformation describe-stacks --stack-name "$STACK" \
    --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue" --output text; }

# The ARN of a queue.
arn() { aws sqs get-queue-attributes --queue-url "$(output "$1")" --attribute-names QueueArn \
    --query Attributes.QueueArn --output text; }

# Log lines that match a pattern, of the last 24 hours or as many as you say.
records() { aws logs filter-log-events --log-group-name "$(output "$1")" --filter-pattern "$2" \
    --start-time $((($(date +%s) - ${3:-24} * 3600) * 1000)) --query 'events[].message' --output json |
    jq -ac '.[] | . as $line | try fromjson catch $line'; }

# ---- What is going on. The last argument is a number of hours.

# The alarms that are on, and what to do first.
alarms() { aws cloudwatch describe-alarms --alarm-name-prefix "$STACK-" --state-value ALARM --output text \
    --query 'MetricAlarms[].[AlarmName, StateUpdatedTimestamp, AlarmDescription]'; }

# Visible and invisible messages of each queue.
queues() {
    local queue
    for queue in OrderQueueUrl OrderDeadLetterQueueUrl UndeliveredEventQueueUrl; do
        echo "$queue, visible and invisible: $(aws sqs get-queue-attributes --queue-url "$(output "$queue")" --attribute-names All --output text \
            --query 'Attributes.[ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible]')"
    done
}

# The attempts at one order: attempts order [hours]
attempts() { records AcknowledgeFunctionLogGroupName '{ $.purchase_order_id = "'"$1"'" }' "${2:-336}"; }

# How many attempts failed, by outcome and reason.
failures() {
    records AcknowledgeFunctionLogGroupName '{ $.message = "order outcome" && $.disposition != "done" }' "${1:-1}" |
        jq -ac '[.outcome, .reason, .disposition]' | sort | uniq -c | sort -rn
}

# The orders with less than an hour left.
urgent() {
    records AcknowledgeFunctionLogGroupName \
        '{ $.message = "order outcome" && $.disposition != "done" && $.deadline_remaining_s < 3600 }' "${1:-1}" |
        jq -ac '[.purchase_order_id, .deadline_remaining_s, .outcome, .reason]'
}

# The failed attempts at orders that a sweep published.
swept() { records AcknowledgeFunctionLogGroupName '{ $.origin = "sweep" && $.disposition != "done" }' "${1:-1}"; }

# The attempts that Walmart refused for the credentials.
refused() {
    records AcknowledgeFunctionLogGroupName \
        '{ $.outcome = "credentials_refused" || $.http_status = 401 || $.http_status = 403 }' "${1:-1}"
}

# The sweeps.
sweeps() { records SweepFunctionLogGroupName '{ $.message = "sweep outcome" }' "${1:-2}"; }

# The errors of both functions, and the invocations that Lambda ended.
errors() {
    records AcknowledgeFunctionLogGroupName '{ $.level = "ERROR" && $.message != "order outcome" }' "${1:-2}"
    records AcknowledgeFunctionLogGroupName '{ $.type = "platform.report" && $.record.status != "success" }' "${1:-2}"
    records SweepFunctionLogGroupName '{ $.level = "ERROR" && $.message != "sweep outcome" }' "${1:-2}"
    records SweepFunctionLogGroupName '{ $.type = "platform.report" && $.record.status != "success" }' "${1:-2}"
}

# What connects queue and function: its state, or the field that you name.
mapping() { aws lambda list-event-source-mappings --function-name "$(output AcknowledgeFunctionName)" --output text \
    --query "EventSourceMappings[0].${1:-[State, StateTransitionReason, LastProcessingResult]}"; }

# The schedule of the sweeps.
schedule() {
    local name
    name=$(aws cloudformation describe-stack-resource --stack-name "$STACK" --output text \
        --logical-resource-id SweepFunctionSchedule --query StackResourceDetail.PhysicalResourceId) &&
        aws scheduler get-schedule --name "$name" --query '[State, ScheduleExpression]' --output text
}

# ---- Parked orders and undelivered events. A condition is jq's, about `outcome`, `reason` and `order`.

about='{outcome: .MessageAttributes.outcome.StringValue, reason: .MessageAttributes.reason.StringValue,
        order: (.Body | try (fromjson | .detail.purchaseOrderId) catch null)}'

# Up to ten parked orders.
parked() { aws sqs receive-message --queue-url "$(output OrderDeadLetterQueueUrl)" --max-number-of-messages 10 \
    --message-attribute-names All --visibility-timeout 0 --output json |
    jq -ac ".Messages[] | $about"; }

# Receives the messages that meet a condition; they are invisible for ten minutes.
take() {
    local url received all="" receipt
    url=$(output "$1") || return
    while received=$(aws sqs receive-message --queue-url "$url" --max-number-of-messages 10 --output json \
            --message-attribute-names All --wait-time-seconds 5 --visibility-timeout 600) || return
            [ -n "$received" ]; do
        all+=$(jq -c '.Messages[]' <<<"$received")$'\n' || return
    done
    jq -r "select($about | ${2:-true} | not) | .ReceiptHandle" <<<"$all" | while read -r receipt; do
        aws sqs change-message-visibility --queue-url "$url" --receipt-handle "$receipt" --visibility-timeout 0
    done
    jq -c "select($about | ${2:-true})" <<<"$all"
}

each_taken() {
    local messages message failed=0
    # Before a message is received, which makes it invisible.
    jq -n "empty | $about | $2" || { echo "Nothing was done: jq does not understand the condition $2." >&2; return 2; }
    messages=$(take "$1" "$2") || {
        echo "Nothing was moved or dropped. What was read from $1 shows again after ten minutes." >&2; return 1; }
    while read -r message; do
        [ -z "$message" ] || "${@:3}" "$message" ||
            { failed=$((failed + 1)); echo "Failed: $(jq -ac "$about" <<<"$message")" >&2; }
    done <<<"$messages"
    [ "$failed" = 0 ] || { echo "$failed failed and are still in $1. They show again after ten minutes." >&2; return 1; }
}

# Deletes the messages that meet a condition.
drop() {
    local url
    [ -n "$2" ] || { echo "Say which messages: drop $1 'condition'" >&2; return 2; }
    url=$(output "$1") && each_taken "$1" "$2" delete "$url"
}

# Moves all messages, or those that meet a condition; sends each before it deletes it.
move() {
    local url to
    url=$(output "$1") && to=$(output "$2") && each_taken "$1" "${3:-true}" pass_on "$url" "$to"
}

# Moves all parked orders back to the order queue, by SQS itself.
redrive() {
    local from to
    from=$(arn OrderDeadLetterQueueUrl) && to=$(arn OrderQueueUrl) &&
        aws sqs start-message-move-task --source-arn "$from" --destination-arn "$to"
}

# The redrives, and how far they are.
redrives() { aws sqs list-message-move-tasks --source-arn "$(arn OrderDeadLetterQueueUrl)"; }

pass_on() { send "$2" "$3" && delete "$1" "$3"; }
# From a file, because a message can be larger than a command line.
send() {
    local file status
    file=$(mktemp) || return
    jq -a --arg queue "$1" '{QueueUrl: $queue, MessageBody: .Body, MessageAttributes} | with_entries(select(.value))' \
        <<<"$2" >"$file" && aws sqs send-message --cli-input-json "file://$file" >/dev/null
    status=$?
    rm -f "$file"
    return "$status"
}
delete() { aws sqs delete-message --queue-url "$1" --receipt-handle "$(jq -r .ReceiptHandle <<<"$2")" &&
    jq -ac "$about" <<<"$2"; }

# Up to ten events that EventBridge could not deliver, with its error.
undelivered() { aws sqs receive-message --queue-url "$(output UndeliveredEventQueueUrl)" --max-number-of-messages 10 \
    --message-attribute-names All --visibility-timeout 0 --output json |
    jq -ac '.Messages[] | [(.MessageAttributes | .ERROR_CODE, .ERROR_MESSAGE, .EXHAUSTED_RETRY_CONDITION | .StringValue),
        .Body]'; }

# Delivers the archived events of a period again: replay start end [bus]
replay() {
    local bus rule
    bus=$(aws events describe-event-bus --name "${3:-default}" --query Arn --output text) &&
        rule=$(rule "$3") &&
        aws events start-replay --replay-name "orders-$(date +%s)" --event-source-arn "$(output OrderEventArchiveArn)" \
            --event-start-time "$1" --event-end-time "$2" --destination "Arn=$bus,FilterArns=$rule"
}

# The replays, and how far they are.
replays() { aws events list-replays --name-prefix orders- --output text \
    --query 'Replays[].[ReplayName, State, EventLastReplayedTime]'; }

# ---- Settings

# Sends the pages, and no tickets, to a pager: subscribe_pager https://...
subscribe_pager() {
    local filter='{AlarmDescription: [{prefix: "Page: "}],
        "$or": [{NewStateValue: ["ALARM"]}, {OldStateValue: ["ALARM"]}]}'
    aws sns subscribe --topic-arn "$(output AlarmTopicArn)" --protocol https --notification-endpoint "$1" \
        --attributes "$(jq -n "$filter | {FilterPolicyScope: \"MessageBody\", FilterPolicy: tostring}")"
}

# The ARN of the rule on a bus.
rule() { aws events describe-rule --name "$(output OrderEventRuleName)" --event-bus-name "${1:-default}" \
    --query Arn --output text; }

# Restores the template's policy of a queue: restore_policy queue sid [bus]
restore_policy() {
    local queue rule policy
    queue=$(arn "$1") &&
        rule=$(rule "$3") &&
        policy=$(queue_policy "$queue" "$rule" "$2") &&
        aws sqs set-queue-attributes --queue-url "$(output "$1")" --attributes "$(jq '{Policy: tostring}' <<<"$policy")"
}

# Prints that policy, by the ARNs of the queue and the rule, and the Sid of the statement that lets the rule send.
queue_policy() {
    jq -n --arg queue "$1" --arg rule "$2" --arg sid "$3" '{Version: "2012-10-17", Statement: [{
        Sid: $sid, Effect: "Allow", Principal: {Service: "events.amazonaws.com"},
        Action: "sqs:SendMessage", Resource: $queue, Condition: {ArnEquals: {"aws:SourceArn": $rule}}}, {
        Sid: "DenyWithoutTls", Effect: "Deny", Principal: "*", Action: "sqs:*", Resource: $queue,
        Condition: {Bool: {"aws:SecureTransport": "false"}}}]}'
}

# ---- The secret

# Stores the private key in walmart-key.txt, and deletes the file: store_private_key consumer-id channel-type
store_private_key() {
    jq -n --arg consumer "$1" --arg channel "$2" --rawfile key walmart-key.txt \
        '{consumerId: $consumer, channelType: $channel, privateKey: $key}' | store
}

# Stores the client secret in walmart-key.txt, and deletes the file: store_client_secret client-id
store_client_secret() {
    jq -n --arg client "$1" --rawfile key walmart-key.txt '{clientId: $client, clientSecret: $key}' | store
}

# Stores its input as a new version, prints the id of the version, and deletes the file of the key.
store() { aws secretsmanager put-secret-value --secret-id "$SECRET" --secret-string file:///dev/stdin \
    --query VersionId --output text && rm walmart-key.txt; }

# Makes the previous version current again.
go_back() {
    local current previous
    current=$(version AWSCURRENT) && previous=$(version AWSPREVIOUS) || return
    [ -n "$previous" ] || { echo "There is no previous version to go back to." >&2; return 1; }
    aws secretsmanager update-secret-version-stage --secret-id "$SECRET" --version-stage AWSCURRENT \
        --move-to-version-id "$previous" --remove-from-version-id "$current"
}

# The id of the version in a stage.
version() { aws secretsmanager list-secret-version-ids --secret-id "$SECRET" --output text \
    --query "Versions[?contains(VersionStages, '$1')].VersionId"; }
