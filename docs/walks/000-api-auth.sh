#!/usr/bin/env bash
# Surface api-auth, from the top of its document to the end: /api/auth/…
# shellcheck source=walk.sh source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/walk.sh"

EMAIL="john$SUFFIX@example.com"
USERNAME="johnny$SUFFIX"
SOMEBODY="\"id\":\"…\",\"email\":\"$EMAIL\",\"username\":\"$USERNAME\",\"first_name\":\"John\",\"last_name\":\"Doe\",\"is_active\":true,\"role\":\"Viewer\",\"avatar\":null,\"phone_number\":null,\"date_joined\":\"…\""

say 'Register'
REGISTRATION="{
  \"email\": \"$EMAIL\",
  \"username\": \"$USERNAME\",
  \"first_name\": \"John\",
  \"last_name\": \"Doe\",
  \"password\": \"strongpassword123\",
  \"confirm_password\": \"strongpassword123\"
}"
send POST /api/auth/register/ json "$REGISTRATION"
expect 201 '{"message":"User created successfully. Please check your email for verification link."}'

say 'Register: what is refused'
send POST /api/auth/register/ json "$REGISTRATION"
expect 400
expect_part '"email":["User with this email already exists."]'
send POST /api/auth/register/ json '{}'
expect 400 '{"email":["This field is required."],"password":["This field is required."],"confirm_password":["This field is required."]}'
send POST /api/auth/register/ json "{\"email\": \"other$SUFFIX@example.com\", \"password\": \"strongpassword123\", \"confirm_password\": \"another\"}"
expect 400 '{"non_field_errors":["Password confirmation doesn'\''t match"]}'

say 'Log in before the address is verified'
CREDENTIALS="{
  \"email\": \"$EMAIL\",
  \"password\": \"strongpassword123\"
}"
send POST /api/auth/login/ json "$CREDENTIALS"
expect 400 '{"non_field_errors":["Account is not active. Please verify your email first."]}'

say 'Verify the address, with the token of the mailed link'
mail "$EMAIL" verify
TOKEN=$(link_part token)
send GET "/api/auth/verify-email/?token=$TOKEN"
expect 200 "{\"detail\":\"Email verified successfully. You are now logged in.\",\"token\":\"…\",\"access\":\"…\",\"refresh\":\"…\",\"user\":{$SOMEBODY}}"
FIRST=$(pick token)
send GET /api/auth/me/ header "Authorization: Bearer $FIRST"
expect 200 "{$SOMEBODY}"

say 'Verify: what is refused'
send GET "/api/auth/verify-email/?token=$TOKEN"
expect 400 '{"detail":"Invalid token"}'
send GET /api/auth/verify-email/
expect 400 '{"detail":"Token is required"}'

say 'Log in'
send POST /api/auth/login/ json "$CREDENTIALS"
expect 200 "{\"refresh\":\"…\",\"access\":\"…\",\"user\":{$SOMEBODY}}"
ACCESS=$(pick access)
REFRESH=$(pick refresh)

say 'Log in: what is refused'
send POST /api/auth/login/ json "{\"email\": \"$EMAIL\", \"password\": \"wrongpassword123\"}"
expect 400 '{"non_field_errors":["Invalid email or password."]}'
send POST /api/auth/login/ json '{"email": "nobody@example.com", "password": "strongpassword123"}'
expect 400 '{"non_field_errors":["Invalid email or password."]}'

say 'Refresh: not in the document, but in its front ends; both tokens are replaced'
send POST /api/auth/token/refresh/ json "{\"refresh\": \"$REFRESH\"}"
expect 200 '{"access":"…","refresh":"…"}'
ACCESS=$(pick access)
REFRESH=$(pick refresh)

say 'Log out: the session ends, and its access token with it'
send POST /api/auth/logout/ json "{\"refresh\": \"$REFRESH\"}"
expect 401 '{"detail":"Authentication credentials were not provided."}'
send POST /api/auth/logout/ header "Authorization: Bearer $ACCESS" json "{
  \"refresh\": \"$REFRESH\"
}"
expect 200 '{"detail":"Successfully logged out."}'
send GET /api/auth/me/ header "Authorization: Bearer $ACCESS"
expect 401 '{"detail":"Given token not valid for any token type","code":"token_not_valid","messages":[{"token_class":"AccessToken","token_type":"access","message":"Token is invalid"}]}'
send POST /api/auth/token/refresh/ json "{\"refresh\": \"$REFRESH\"}"
expect 401 '{"detail":"Token is blacklisted","code":"token_not_valid"}'

say 'Request a password reset; an unknown address gets the same answer'
RESET_SENT='{"detail":"If an account with this email exists, a password reset link has been sent."}'
send POST /api/auth/password-reset/ json "{
  \"email\": \"$EMAIL\"
}"
expect 200 "$RESET_SENT"
send POST /api/auth/password-reset/ json '{"email": "nobody@example.com"}'
expect 200 "$RESET_SENT"
send POST /api/auth/password-reset/ json '{}'
expect 400 '{"detail":"Email is required"}'

say 'Confirm the reset, with the token of the mailed link'
mail "$EMAIL" reset
TOKEN=$(link_part token)
send POST /api/auth/password-reset/confirm/ json "{\"token\": \"$TOKEN\", \"password\": \"short\"}"
expect 400 '{"password":["Ensure this field has at least 8 characters."]}'
send POST /api/auth/password-reset/confirm/ json "{
  \"token\": \"$TOKEN\",
  \"password\": \"newpassword123\"
}"
expect 200 "{\"detail\":\"Password reset successful. You are now logged in.\",\"token\":\"…\",\"access\":\"…\",\"refresh\":\"…\",\"user\":{$SOMEBODY}}"
ACCESS=$(pick token)
send POST /api/auth/password-reset/confirm/ json "{\"token\": \"$TOKEN\", \"password\": \"newpassword123\"}"
expect 400 '{"detail":"Invalid or expired token."}'

say 'Every session from before the reset has ended, and the old password with them'
send GET /api/auth/me/ header "Authorization: Bearer $FIRST"
expect 401
send POST /api/auth/login/ json "$CREDENTIALS"
expect 400 '{"non_field_errors":["Invalid email or password."]}'
send POST /api/auth/login/ json "{\"email\": \"$EMAIL\", \"password\": \"newpassword123\"}"
expect 200

say 'The current user'
send GET /api/auth/me/ header "Authorization: Bearer $ACCESS"
expect 200 "{$SOMEBODY}"
send GET /api/auth/me/
expect 401 '{"detail":"Authentication credentials were not provided."}'

say 'An avatar, as a file of a form: not in the document, which shows one without saying where it comes from'
send PUT /api/auth/me/avatar/ header "Authorization: Bearer $ACCESS" upload "avatar=@$(dirname "$0")/me.png"
PICTURED=${SOMEBODY/null/'"…"'}
expect 200 "{$PICTURED}"
PICTURE=$(pick avatar)
send HEAD "$PICTURE"
expect 200 ''
expect_header 'Content-Type: image/webp'
send DELETE /api/auth/me/avatar/ header "Authorization: Bearer $ACCESS"
expect 200 "{$SOMEBODY}"
send GET /api/auth/me/ header "Authorization: Bearer $ACCESS"
expect 200 "{$SOMEBODY}"

say 'No such page, no such method'
send GET /api/auth/nothing/
expect 404 '{"detail":"Not found."}'
send GET /api/auth/login/
expect 405 '{"detail":"Method \"GET\" not allowed."}'

finish
