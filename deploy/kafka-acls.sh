#!/usr/bin/env bash
# Prints the kafka-acls.sh commands that give each kind of process, and each department, the least it needs.
#
#   deploy/kafka-acls.sh --bootstrap HOST:PORT [--prefix yaohao.] [--admin FILE] [--department ID]… | bash -x
#
# Principals are User:yaohao-worker, User:yaohao-notifier, User:yaohao-console, User:yaohao-admin and, for a department, User:yaohao-dept-ID.
# With mTLS give certificates these names, and the broker the rule
#   ssl.principal.mapping.rules=RULE:^CN=([^,]+).*$/$1/,DEFAULT
# Without any matching rule a broker must deny: allow.everyone.if.no.acl.found=false.
set -euo pipefail

bootstrap= prefix=yaohao. admin=
departments=()
while (($#)); do
    case $1 in
    --bootstrap) bootstrap=${2:?} && shift 2 ;;
    --prefix) prefix=${2:?} && shift 2 ;;
    --admin) admin=${2:?} && shift 2 ;;
    --department) departments+=("${2:?}") && shift 2 ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
    esac
done
[[ -n $bootstrap ]] || { echo "kafka-acls.sh: --bootstrap is missing; give HOST:PORT" >&2 && exit 2; }

allow() { # PRINCIPAL OPERATION… -- RESOURCE NAME [literal|prefixed]
    local principal=$1 operations=
    shift
    while [[ $1 != -- ]]; do operations+=" --operation $1" && shift; done
    shift
    local pattern=${3:-literal}
    printf 'kafka-acls.sh --bootstrap-server %q%s --add --allow-principal User:%q%s --%s %q' "$bootstrap" \
        "${admin:+ --command-config $(printf %q "$admin")}" "$principal" "$operations" "$1" "$2"
    [[ $1 == cluster || $1 == transactional-id && $pattern == literal ]] || printf ' --resource-pattern-type %s' "$pattern"
    printf '\n'
}

submissions=(register-submissions plan-submissions draw-requests result-submissions)
feeds=(classes departments entities experts inspectors items)
outgoing=(tasks receipts events publications notices dead-letters)

# The owner's: makes the topics (yaohao migrate), and sends dead letters back to where they came from.
allow yaohao-admin Create Describe Alter DescribeConfigs AlterConfigs -- topic "$prefix" prefixed
allow yaohao-admin Read Write -- topic "$prefix" prefixed
allow yaohao-admin Read Describe -- group "$prefix" prefixed

# Workers read what comes in, and relay everything that goes out; so does the notifier, whichever has the relay's lease.
for topic in "${submissions[@]}"; do allow yaohao-worker Read Describe -- topic "$prefix$topic"; done
for topic in "${feeds[@]}"; do allow yaohao-worker Read Describe -- topic "${prefix}feed.$topic"; done
allow yaohao-worker Read Describe -- topic "${prefix}tasks"
allow yaohao-notifier Read Describe -- topic "${prefix}events"
for process in yaohao-worker yaohao-notifier; do
    for topic in "${outgoing[@]}"; do allow "$process" Write Describe -- topic "$prefix$topic"; done
    allow "$process" Read Describe -- group "$prefix" prefixed
    allow "$process" Write Describe -- transactional-id "${prefix}outbox-relay"
    allow "$process" IdempotentWrite -- cluster kafka-cluster
done

# The console submits for the departments whose keys it has, waits for receipts, sends dead letters back to where they came
# from, and shows the groups' lag.
for topic in "${submissions[@]}"; do allow yaohao-console Write Describe -- topic "$prefix$topic"; done
for topic in "${feeds[@]}"; do allow yaohao-console Write Describe -- topic "${prefix}feed.$topic"; done
allow yaohao-console Read Describe -- topic "${prefix}receipts"
for topic in tasks events; do allow yaohao-console Describe -- topic "$prefix$topic"; done
allow yaohao-console Describe -- group "$prefix" prefixed
allow yaohao-console IdempotentWrite -- cluster kafka-cluster

# Departments write submissions and feeds, and read their receipts and what is public. The signature says who they are and
# what they may say; the broker only keeps strangers out.
for department in "${departments[@]}"; do
    principal=yaohao-dept-$department
    for topic in "${submissions[@]}"; do allow "$principal" Write Describe -- topic "$prefix$topic"; done
    for topic in "${feeds[@]}"; do allow "$principal" Write Describe -- topic "${prefix}feed.$topic"; done
    for topic in receipts notices publications events; do allow "$principal" Read Describe -- topic "$prefix$topic"; done
    allow "$principal" IdempotentWrite -- cluster kafka-cluster
done
