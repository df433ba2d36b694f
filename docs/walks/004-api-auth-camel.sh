#!/usr/bin/env bash
# Surface api-auth-camel, from the top of its document to the end: /api/auth/… and /api/users/settings/
# shellcheck source=walk.sh source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/walk.sh"

EMAIL="user$SUFFIX@example.com"
ADMIN="admin$SUFFIX@admin.com"
NOBODY="nobody$SUFFIX@example.com"

NO_CREDENTIALS='{"detail":"Authentication credentials were not provided."}'
NO_ACCOUNT='{"detail":"No active account found with the given credentials"}'

say 'POST Signup: the account can log in at once'
SIGNUP="{
  \"email\": \"$EMAIL\",
  \"phoneNumber\": \"15487711\",
  \"password\": \"strongpassword123\",
  \"password2\": \"strongpassword123\"
}"
send POST /api/auth/signup/ json "$SIGNUP"
expect 201 "{\"email\":\"$EMAIL\",\"phoneNumber\":\"15487711\"}"

say 'POST Signup: the errors of the document'
send POST /api/auth/signup/ json "$SIGNUP"
expect 400 '{"email":["user with this email already exists."]}'
send POST /api/auth/signup/ json '{"email": "no address", "password": "strongpassword123", "password2": "strongpassword123"}'
expect 400 '{"email":["Enter a valid email address."]}'
send POST /api/auth/signup/ json "{\"email\": \"$NOBODY\", \"password\": \"strongpassword123\", \"password2\": \"another\"}"
expect 400 '{"nonFieldErrors":["Passwords don'\''t match!"]}'
send POST /api/auth/signup/ json '{}'
expect 400 '{"email":["This field is required."],"password":["This field is required."],"password2":["This field is required."]}'

say 'POST Login'
send POST /api/auth/get-token/ json "{
  \"email\": \"$EMAIL\",
  \"password\": \"strongpassword123\"
}"
expect 200 '{"refresh":"…","access":"…"}'
ACCESS=$(pick access)
REFRESH=$(pick refresh)
send POST /api/auth/get-token/ json "{\"email\": \"$EMAIL\", \"password\": \"wrongpassword123\"}"
expect 401 "$NO_ACCOUNT"
send POST /api/auth/get-token/ json "{\"email\": \"$NOBODY\", \"password\": \"strongpassword123\"}"
expect 401 "$NO_ACCOUNT"

say 'Refresh: not in the document; both tokens are replaced'
send POST /api/auth/token/refresh/ json "{\"refresh\": \"$REFRESH\"}"
expect 200 '{"access":"…","refresh":"…"}'
ACCESS=$(pick access)

say 'PATCH Change email'
send PATCH /api/auth/change-email/ header "Authorization: JWT $ACCESS" json "{
  \"email\": \"$ADMIN\"
}"
expect 200 "{\"email\":\"$ADMIN\"}"
send POST /api/auth/signup/ json "$SIGNUP"
expect 201 "{\"email\":\"$EMAIL\",\"phoneNumber\":\"15487711\"}"
send PATCH /api/auth/change-email/ header "Authorization: JWT $ACCESS" json "{\"email\": \"$EMAIL\"}"
expect 400 '{"detail":["user with this email already exists."]}'
send PATCH /api/auth/change-email/ json "{\"email\": \"$EMAIL\"}"
expect 401 "$NO_CREDENTIALS"

say 'PATCH Change password: this session goes on'
send PATCH /api/auth/change-password/ header "Authorization: JWT $ACCESS" json '{"password": "wrongpassword123", "newPassword": "newpassword123", "newPassword2": "newpassword123"}'
expect 400 '{"detail":["Old password is incorrect!"]}'
send PATCH /api/auth/change-password/ header "Authorization: JWT $ACCESS" json '{"password": "strongpassword123", "newPassword": "newpassword123", "newPassword2": "another"}'
expect 400 '{"detail":["New passwords don'\''t match!"]}'
send PATCH /api/auth/change-password/ header "Authorization: JWT $ACCESS" json '{
  "password": "strongpassword123",
  "newPassword": "newpassword123",
  "newPassword2": "newpassword123"
}'
expect 200 '{"message":"Successfully changed password."}'
send POST /api/auth/get-token/ json "{\"email\": \"$ADMIN\", \"password\": \"strongpassword123\"}"
expect 401 "$NO_ACCOUNT"
send POST /api/auth/get-token/ json "{\"email\": \"$ADMIN\", \"password\": \"newpassword123\"}"
expect 200 '{"refresh":"…","access":"…"}'

say 'GET Get user settings'
send GET /api/users/settings/ header "Authorization: JWT $ACCESS"
expect 200 "{\"email\":\"$ADMIN\",\"firstName\":\"\",\"lastName\":\"\",\"phoneNumber\":\"15487711\"}"
send GET /api/users/settings/
expect 401 "$NO_CREDENTIALS"

say 'PUT/PATCH Update user settings; Bearer does as well as JWT'
SETTINGS="{\"email\":\"$ADMIN\",\"firstName\":\"Admin\",\"lastName\":\"Adminovich\",\"phoneNumber\":\"15487711\"}"
send PUT /api/users/settings/ header "Authorization: JWT $ACCESS" json '{
  "firstName": "Admin",
  "lastName": "Adminovich",
  "phoneNumber": "15487711"
}'
expect 200 "$SETTINGS"
send PATCH /api/users/settings/ header "Authorization: Bearer $ACCESS" json '{"firstName": "Somebody"}'
expect 200 "${SETTINGS/Admin/Somebody}"
send PATCH /api/users/settings/ json '{"firstName": "Somebody"}'
expect 401 "$NO_CREDENTIALS"
send PUT /api/users/settings/ json '{"firstName": "Somebody"}'
expect 401 "$NO_CREDENTIALS"

say 'Forgot password, 1: GET Send email to reset password'
send GET "/api/auth/reset-password/?email=$ADMIN"
expect 200 "{\"success\":\"Successfully sent a reset code to $ADMIN.\"}"
send GET "/api/auth/reset-password/?email=$NOBODY"
expect 400 "{\"email\":[\"No user $NOBODY was found.\"]}"

say 'Forgot password, 2: POST Send code received from email'
mail "$ADMIN" code
CODE=$(pick text | grep -o '[0-9]\{6\}')
WRONG=123456
[ "$CODE" != "$WRONG" ] || WRONG=654321
send POST /api/auth/reset-password/ json "{\"email\": \"$ADMIN\", \"code\": \"$WRONG\"}"
expect 400 '{"code":["Code has expired or it is incorrect."]}'
send POST /api/auth/reset-password/ json "{
  \"email\": \"$ADMIN\",
  \"code\": \"$CODE\"
}"
expect 200 '{"sessionToken":"…"}'
SESSION_TOKEN=$(pick sessionToken)
send POST /api/auth/reset-password/ json "{\"email\": \"$ADMIN\", \"code\": \"$CODE\"}"
expect 400 '{"code":["Code has expired or it is incorrect."]}'

say 'Forgot password, 3: PATCH Change password using session token'
send PATCH /api/auth/reset-password/ json "{\"email\": \"$ADMIN\", \"sessionToken\": \"$SESSION_TOKEN\", \"newPassword\": \"anotherpassword123\", \"newPassword2\": \"another\"}"
expect 400 '{"nonFieldErrors":["New passwords don'\''t match!"]}'
RESET="{
  \"email\": \"$ADMIN\",
  \"sessionToken\": \"$SESSION_TOKEN\",
  \"newPassword\": \"anotherpassword123\",
  \"newPassword2\": \"anotherpassword123\"
}"
send PATCH /api/auth/reset-password/ json "$RESET"
expect 200 "{\"success\":\"Successfully changed password for $ADMIN.\"}"
send PATCH /api/auth/reset-password/ json "$RESET"
expect 400 '{"sessionToken":["Session token has expired or it is incorrect."]}'

say 'Every session from before the reset has ended, and the old password with them'
send GET /api/users/settings/ header "Authorization: JWT $ACCESS"
expect 401 '{"detail":"Given token not valid for any token type","code":"token_not_valid","messages":[{"tokenClass":"AccessToken","tokenType":"access","message":"Token is invalid or expired"}]}'
send POST /api/auth/get-token/ json "{\"email\": \"$ADMIN\", \"password\": \"newpassword123\"}"
expect 401 "$NO_ACCOUNT"
send POST /api/auth/get-token/ json "{\"email\": \"$ADMIN\", \"password\": \"anotherpassword123\"}"
expect 200 '{"refresh":"…","access":"…"}'

say 'No such page, no such method'
send GET /api/users/nothing/
expect 404 '{"detail":"Not found."}'
send GET /api/auth/signup/
expect 405 '{"detail":"Method \"GET\" not allowed."}'

finish
