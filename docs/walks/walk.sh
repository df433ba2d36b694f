# shellcheck shell=bash
# What the walks share: send a request and show it, show the answer and compare it, read a mail. Sourced by each of them.
#
#   BASE    where the service is; http://localhost:3000 if not set
#   SUFFIX  what keeps the names of one run apart from those of another; empty for the document's own names
set -euo pipefail

BASE=${BASE:-http://localhost:3000}
BASE=${BASE%/}
SUFFIX=${SUFFIX-.$(date +%s).$$}

STATUS='' HEADERS='' BODY=''
LAST_MAIL=0
ANSWERS=0

# say TEXT: what the next step is about.
say() {
  printf '\n\n=== %s\n' "$1"
}

fail() {
  printf '\nFAILED: %s\n' "$1" >&2
  exit 1
}

# shown MARK TEXT: each line after the mark, and its JWTs cut short, for human eyes.
shown() {
  sed -e "s/^/$1 /" -e 's/\(eyJ[A-Za-z0-9_-]\{12\}\)[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*/\1…/g' <<<"$2"
}

# send METHOD PATH [json BODY] [form NAME=VALUE]… [upload NAME=@FILE] [header LINE] [cookies FILE]
# leaves the answer in STATUS, HEADERS and BODY.
send() {
  local method=$1 path=$2 reply
  local options=(-sS -i -X "$method")
  [ "$method" != HEAD ] || options+=(--head)
  shift 2
  echo
  shown '>' "$method $path"
  while [ $# -gt 0 ]; do
    if [ "$1" = cookies ]; then
      printf '> with the cookies from before\n'
    else
      shown '>' "$2"
    fi
    case $1 in
      json) options+=(-H 'Content-Type: application/json' --data-raw "$2") ;;
      form) options+=(--data-urlencode "$2") ;;
      upload) options+=(-F "$2") ;;
      header) options+=(-H "$2") ;;
      cookies) options+=(-b "$2" -c "$2") ;;
      *) fail "send knows no \"$1\"" ;;
    esac
    shift 2
  done
  reply=$(curl "${options[@]}" -w '\n%{http_code}' "$BASE$path") ||
    fail "no answer from $BASE (is the service running? \"npm start\" starts it)"
  STATUS=${reply##*$'\n'}
  reply=${reply%$'\n'*}
  HEADERS=${reply%%$'\r\n\r\n'*}
  BODY=${reply#*$'\r\n\r\n'}
  printf '< %s\n' "$STATUS"
  [ -z "$BODY" ] || shown '<' "$BODY"
}

# expect STATUS [BODY]: the last answer's. Where the body has a "…", the answer has any text without a quotation mark.
expect() {
  local pattern
  [ "$STATUS" = "$1" ] || fail "the status is $STATUS, expected was $1"
  if [ $# -gt 1 ]; then
    pattern=$(sed -e 's/[][\.*^(){}?+|$]/\\&/g' -e 's/…/[^"]+/g' <<<"$2")
    [[ $BODY =~ ^$pattern$ ]] || fail "expected was $2"
  fi
  ANSWERS=$((ANSWERS + 1))
}

# expect_part TEXT: somewhere in the last answer's body.
expect_part() {
  [[ $BODY == *"$1"* ]] || fail "$1 is missing in the body"
}

# expect_header TEXT: in a line of the last answer's headers, in any case.
expect_header() {
  local line
  line=$(grep -i -F -- "$1" <<<"$HEADERS") || fail "the header $1 is missing"
  shown '<' "${line%$'\r'}"
}

# pick KEY…: the value at the end of these keys, the first of each, in the last answer's body.
pick() {
  local key rest=$BODY
  for key in "$@"; do
    [[ $rest == *"\"$key\":"* ]] || fail "there is no \"$key\" in the body"
    rest=${rest#*"\"$key\":"}
  done
  case $rest in
    \"*) rest=${rest#\"} && printf '%s' "${rest%%\"*}" ;;
    *) printf '%s' "${rest%%[,\}\]]*}" ;;
  esac
}

# mail ADDRESS SUBJECT: waits until a mail comes that no earlier call has read, and leaves it in BODY.
mail() {
  local to=$1 subject=$2 give_up=$((SECONDS + 20)) id
  printf '\n> GET /dev/inbox.json?to=%s&subject=%s&wait=10\n' "$to" "$subject"
  while :; do
    BODY=$(curl -sS -G "$BASE/dev/inbox.json" --data-urlencode "to=$to" --data-urlencode "subject=$subject" -d wait=10)
    id=0
    [[ $BODY != '[{'* ]] || id=$(pick id)
    [ "$id" -le "$LAST_MAIL" ] || break
    [ "$SECONDS" -lt "$give_up" ] || fail "no mail \"$subject\" came to $to (start the service with RATE_LIMITS=off: it sends one of a kind a minute)"
    sleep 0.2
  done
  LAST_MAIL=$id
  printf '< %s\n' "$(pick subject)"
  shown '<  ' "$(printf '%b' "$(pick text)")"
}

# link_part NAME: a parameter of the link of the mail that was read last.
link_part() {
  local part
  part=$(pick text | grep -o "[?&]$1=[^&\\ ]*") || fail "the link of the mail has no $1"
  printf '%s' "${part#*=}"
}

finish() {
  printf '\n\n%s answers, each as the document says.\n' "$ANSWERS"
}
