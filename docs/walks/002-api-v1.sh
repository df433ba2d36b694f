#!/usr/bin/env bash
# Surface api-v1, from the top of its document to the end: /api/v1/auth/…
# The refresh token travels in a cookie, which curl keeps in a file. The cookie is a secure one; on plain http, curl 7.79
# and newer send it to localhost only.
# shellcheck source=walk.sh source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/walk.sh"

EMAIL="john$SUFFIX@example.com"
USERNAME="john$SUFFIX"
COOKIES=$(mktemp)
trap 'rm -f "$COOKIES"' EXIT

INVALID='{"detail":"No permission -- see authorization schemes"}'
PAIR="{\"username\":\"$USERNAME\",\"access_token\":{\"token\":\"…\",\"expires_in\":604800,\"token_type\":\"bearer\"},\"refresh_token\":{\"token\":\"…\",\"expires_in\":31536000,\"token_type\":\"bearer\"}}"
# A session ends when it would have ended anyway: its next refresh token lives as long as the rest of it.
NEXT_PAIR=${PAIR/31536000/…}

say 'An account to log in with: the document has no registration, so another surface makes it'
send POST /api/auth/register/ json "{
  \"email\": \"$EMAIL\",
  \"username\": \"$USERNAME\",
  \"first_name\": \"John\",
  \"last_name\": \"Doe\",
  \"password\": \"strongpassword123\",
  \"confirm_password\": \"strongpassword123\"
}"
expect 201
mail "$EMAIL" verify
TOKEN=$(link_part token)
send GET "/api/auth/verify-email/?token=$TOKEN"
expect 200

say 'Log in, by username'
send POST /api/v1/auth/login form "username=$USERNAME" form 'password=strongpassword123' cookies "$COOKIES"
expect 200 "$PAIR"
expect_header 'HttpOnly'
FIRST=$(pick refresh_token token)

say 'Log in, by e-mail address'
send POST /api/v1/auth/login form "username=$EMAIL" form 'password=strongpassword123' cookies "$COOKIES"
expect 200 "$PAIR"
ACCESS=$(pick access_token token)
REFRESH=$(pick refresh_token token)

say 'Log in: what is refused'
send POST /api/v1/auth/login form "username=$USERNAME" form 'password=wrongpassword123'
expect 401 '{"detail":"User not found or invalid credentials"}'
send POST /api/v1/auth/login form 'username=nobody@example.com' form 'password=strongpassword123'
expect 401 '{"detail":"User not found or invalid credentials"}'
send POST /api/v1/auth/login form "username=$USERNAME"
expect 422 '{"detail":[{"type":"missing","loc":["body","password"],"msg":"Field required","input":null}]}'

say 'The same for the Authorize button of Swagger UI: an access token alone'
send POST /api/v1/auth/token form 'grant_type=password' form "username=$USERNAME" form 'password=strongpassword123'
expect 200 '{"access_token":"…","expires_in":604800,"token_type":"bearer"}'

say 'Refresh, with the token in the body: it requires authentication, and replaces both tokens'
send POST /api/v1/auth/refresh json "{
  \"token\": \"$REFRESH\",
  \"expires_in\": 31536000,
  \"token_type\": \"bearer\"
}"
expect 401 '{"detail":"Not authenticated"}'
send POST /api/v1/auth/refresh header "Authorization: Bearer $ACCESS" json "{
  \"token\": \"$REFRESH\",
  \"expires_in\": 31536000,
  \"token_type\": \"bearer\"
}" cookies "$COOKIES"
expect 200 "$NEXT_PAIR"
expect_header 'Set-Cookie: refresh_token='
ACCESS=$(pick access_token token)
send POST /api/v1/auth/refresh header "Authorization: Bearer $ACCESS" json '{"token": "no token", "expires_in": 31536000, "token_type": "bearer"}'
expect 401 '{"detail":"Refresh token is missing or invalid."}'

say 'Refresh, with the cookie alone'
send POST /api/v1/auth/refresh cookies "$COOKIES"
expect 200 "$NEXT_PAIR"
ACCESS=$(pick access_token token)
REFRESH=$(pick refresh_token token)

say 'The current user'
send GET /api/v1/auth/me header "Authorization: Bearer $ACCESS"
expect 200
for PART in '"id":' "\"username\":\"$USERNAME\"" "\"email\":\"$EMAIL\"" '"name":"John Doe"' '"is_superuser":false' '"is_active":true'; do
  expect_part "$PART"
done
send GET /api/v1/auth/me
expect 401 '{"detail":"Not authenticated"}'
expect_header 'WWW-Authenticate: Bearer'
send GET /api/v1/auth/me header 'Authorization: Bearer no.real.token'
expect 401 "$INVALID"

say 'Log out: the session ends, and the cookie goes'
send POST /api/v1/auth/logout cookies "$COOKIES"
expect 401 '{"detail":"Not authenticated"}'
send POST /api/v1/auth/logout header "Authorization: Bearer $ACCESS" cookies "$COOKIES"
expect 200 '{"message":"Logged out successfully."}'
expect_header 'Set-Cookie: refresh_token=;'
send GET /api/v1/auth/me header "Authorization: Bearer $ACCESS"
expect 401 "$INVALID"
send POST /api/v1/auth/refresh header "Cookie: refresh_token=$REFRESH"
expect 401 '{"detail":"Refresh token is missing or invalid."}'

say 'Recover the password; an unknown address gets the same answer'
send POST "/api/v1/auth/password-recovery/$EMAIL"
expect 200 '{"message":"Password recovery email sent."}'
send POST /api/v1/auth/password-recovery/nobody@example.com
expect 200 '{"message":"Password recovery email sent."}'

say 'Reset the password by the mailed link: not in the document, but what the mail is for'
mail "$EMAIL" recovery
TOKEN=$(link_part token)
send POST /api/v1/auth/reset-password json "{\"token\": \"$TOKEN\", \"new_password\": \"newpassword123\"}"
expect 200 '{"message":"Password updated successfully"}'
send POST /api/v1/auth/reset-password json "{\"token\": \"$TOKEN\", \"new_password\": \"newpassword123\"}"
expect 400 '{"detail":"Invalid token"}'

say 'The other session, from before the reset, has ended, and the old password with it'
send POST /api/v1/auth/refresh header "Cookie: refresh_token=$FIRST"
expect 401 '{"detail":"Refresh token is missing or invalid."}'
send POST /api/v1/auth/login form "username=$USERNAME" form 'password=strongpassword123'
expect 401 '{"detail":"User not found or invalid credentials"}'
send POST /api/v1/auth/login form "username=$USERNAME" form 'password=newpassword123'
expect 200 "$PAIR"

say 'No such page, no such method'
send GET /api/v1/auth/nothing
expect 404 '{"detail":"Not Found"}'
send GET /api/v1/auth/login
expect 405 '{"detail":"Method Not Allowed"}'

finish
