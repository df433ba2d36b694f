#!/usr/bin/env bash
# Surface djoser, from the top of its document to the end: /auth/users/…
# shellcheck source=walk.sh source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/walk.sh"

EMAIL="user$SUFFIX@example.com"
NEW_EMAIL="newemail$SUFFIX@example.com"
NOBODY="nobody$SUFFIX@example.com"

NO_CREDENTIALS='{"detail":"Authentication credentials were not provided."}'
NO_ACCOUNT='{"detail":"No active account found with the given credentials"}'
WRONG_PASSWORD='{"current_password":["Invalid password."]}'
BAD_TOKEN='{"token":["Invalid token for given user."]}'

# log_in EMAIL PASSWORD: the document names the token that every other request needs, but not where it comes from.
log_in() {
  send POST /auth/jwt/create/ json "{\"email\": \"$1\", \"password\": \"$2\"}"
}

say 'Registration: create user'
REGISTRATION="{
  \"email\": \"$EMAIL\",
  \"password\": \"secure-password-123\",
  \"re_password\": \"secure-password-123\"
}"
send POST /auth/users/ json "$REGISTRATION"
expect 201 "{\"id\":…,\"email\":\"$EMAIL\",\"name\":\"\"}"
ID=$(pick id)

say 'Create user: what is refused'
send POST /auth/users/ json "$REGISTRATION"
expect 400 '{"email":["user with this email already exists."]}'
send POST /auth/users/ json "{\"email\": \"$NOBODY\", \"password\": \"secure-password-123\", \"re_password\": \"another\"}"
expect 400 '{"non_field_errors":["The two password fields didn'\''t match."]}'
send POST /auth/users/ json '{"email": "user@example", "password": "short"}'
expect 400
expect_part '"re_password":["This field is required."]'

say 'Activate account, with uid and token of the mailed link'
log_in "$EMAIL" 'secure-password-123'
expect 401 "$NO_ACCOUNT"
mail "$EMAIL" 'account activation'
ACTIVATION_UID=$(link_part uid)
TOKEN=$(link_part token)
send POST /auth/users/activation/ json "{
  \"uid\": \"$ACTIVATION_UID\",
  \"token\": \"c3g3vj-abc123\"
}"
expect 400 "$BAD_TOKEN"
send POST /auth/users/activation/ json "{
  \"uid\": \"!\",
  \"token\": \"$TOKEN\"
}"
expect 400 '{"uid":["Invalid user id or user doesn'\''t exist."]}'

say 'Resend activation email; an unknown address gets the same answer'
send POST /auth/users/resend_activation/ json "{
  \"email\": \"$EMAIL\"
}"
expect 204 ''
send POST /auth/users/resend_activation/ json "{\"email\": \"$NOBODY\"}"
expect 204 ''
mail "$EMAIL" 'account activation'
TOKEN=$(link_part token)
ACTIVATION="{
  \"uid\": \"$ACTIVATION_UID\",
  \"token\": \"$TOKEN\"
}"
send POST /auth/users/activation/ json "$ACTIVATION"
expect 204 ''
send POST /auth/users/activation/ json "$ACTIVATION"
expect 403 '{"detail":"Stale token for given user."}'

say 'Log in: not in the document, but in its front ends'
log_in "$EMAIL" 'secure-password-123'
expect 200 '{"refresh":"…","access":"…"}'
ACCESS=$(pick access)
REFRESH=$(pick refresh)
log_in "$EMAIL" 'wrong-password-123'
expect 401 "$NO_ACCOUNT"
send POST /auth/jwt/verify/ json "{\"token\": \"$ACCESS\"}"
expect 200 '{}'
send POST /auth/jwt/refresh/ json "{\"refresh\": \"$REFRESH\"}"
expect 200 '{"access":"…"}'
ACCESS=$(pick access)

say 'Current user: get profile'
send GET /auth/users/me/ header "Authorization: JWT $ACCESS"
expect 200 "{\"id\":$ID,\"email\":\"$EMAIL\",\"name\":\"\"}"
send GET /auth/users/me/
expect 401 "$NO_CREDENTIALS"

say 'Update profile; the address is not changed here'
send PUT /auth/users/me/ header "Authorization: JWT $ACCESS" json '{"name": "Jane Doe"}'
expect 200 "{\"id\":$ID,\"email\":\"$EMAIL\",\"name\":\"Jane Doe\"}"
send PATCH /auth/users/me/ header "Authorization: Bearer $ACCESS" json "{\"name\": \"Jane Roe\", \"email\": \"$NEW_EMAIL\"}"
expect 200 "{\"id\":$ID,\"email\":\"$EMAIL\",\"name\":\"Jane Roe\"}"

say 'The same by number; nobody sees anybody else'
send GET /auth/users/ header "Authorization: JWT $ACCESS"
expect 200 "[{\"id\":$ID,\"email\":\"$EMAIL\",\"name\":\"Jane Roe\"}]"
send GET "/auth/users/$ID/" header "Authorization: JWT $ACCESS"
expect 200 "{\"id\":$ID,\"email\":\"$EMAIL\",\"name\":\"Jane Roe\"}"
send GET /auth/users/999999999/ header "Authorization: JWT $ACCESS"
expect 404 '{"detail":"No User matches the given query."}'

say 'Change password: this session goes on'
PASSWORDS='{
  "new_password": "new-secure-password",
  "re_new_password": "new-secure-password",
  "current_password": "secure-password-123"
}'
send POST /auth/users/set_password/ json "$PASSWORDS"
expect 401 "$NO_CREDENTIALS"
send POST /auth/users/set_password/ header "Authorization: JWT $ACCESS" json '{"new_password": "new-secure-password", "re_new_password": "another", "current_password": "secure-password-123"}'
expect 400 '{"non_field_errors":["The two password fields didn'\''t match."]}'
send POST /auth/users/set_password/ header "Authorization: JWT $ACCESS" json "$PASSWORDS"
expect 204 ''
send POST /auth/users/set_password/ header "Authorization: JWT $ACCESS" json "$PASSWORDS"
expect 400 "$WRONG_PASSWORD"
log_in "$EMAIL" 'secure-password-123'
expect 401 "$NO_ACCOUNT"

say 'Request password reset; an unknown address gets the same answer'
send POST /auth/users/reset_password/ json "{
  \"email\": \"$EMAIL\"
}"
expect 204 ''
send POST /auth/users/reset_password/ json "{\"email\": \"$NOBODY\"}"
expect 204 ''
send POST /auth/users/reset_password/ json '{"email": "user"}'
expect 400 '{"email":["Enter a valid email address."]}'

say 'Confirm password reset, with uid and token of the mailed link'
mail "$EMAIL" 'password reset'
RESET_UID=$(link_part uid)
TOKEN=$(link_part token)
send POST /auth/users/reset_password_confirm/ json "{\"uid\": \"$RESET_UID\", \"token\": \"$TOKEN\", \"new_password\": \"another-secure-password\", \"re_new_password\": \"another\"}"
expect 400 '{"non_field_errors":["The two password fields didn'\''t match."]}'
RESET="{
  \"uid\": \"$RESET_UID\",
  \"token\": \"$TOKEN\",
  \"new_password\": \"another-secure-password\",
  \"re_new_password\": \"another-secure-password\"
}"
send POST /auth/users/reset_password_confirm/ json "$RESET"
expect 204 ''
send POST /auth/users/reset_password_confirm/ json "$RESET"
expect 400 "$BAD_TOKEN"

say 'Every session from before the reset has ended, and the old password with them'
send GET /auth/users/me/ header "Authorization: JWT $ACCESS"
expect 401 '{"detail":"Given token not valid for any token type","code":"token_not_valid","messages":[{"token_class":"AccessToken","token_type":"access","message":"Token is invalid"}]}'
send POST /auth/jwt/refresh/ json "{\"refresh\": \"$REFRESH\"}"
expect 401 '{"detail":"Token is blacklisted","code":"token_not_valid"}'
log_in "$EMAIL" 'new-secure-password'
expect 401 "$NO_ACCOUNT"
log_in "$EMAIL" 'another-secure-password'
expect 200 '{"refresh":"…","access":"…"}'
ACCESS=$(pick access)

say 'Change email'
CHANGE="{
  \"new_email\": \"$NEW_EMAIL\",
  \"re_new_email\": \"$NEW_EMAIL\",
  \"current_password\": \"another-secure-password\"
}"
send POST /auth/users/set_email/ header "Authorization: JWT $ACCESS" json "${CHANGE/another-secure/wrong}"
expect 400 "$WRONG_PASSWORD"
send POST /auth/users/set_email/ header "Authorization: JWT $ACCESS" json "$CHANGE"
expect 204 ''
send POST /auth/users/set_email/ header "Authorization: JWT $ACCESS" json "$CHANGE"
expect 400 '{"new_email":["user with this email already exists."]}'
send GET /auth/users/me/ header "Authorization: JWT $ACCESS"
expect 200 "{\"id\":$ID,\"email\":\"$NEW_EMAIL\",\"name\":\"Jane Roe\"}"

say 'Change email by mail: not shown in the document, but one of the endpoints of Djoser; it ends every session'
send POST /auth/users/reset_email/ json "{\"email\": \"$NEW_EMAIL\"}"
expect 204 ''
mail "$NEW_EMAIL" 'username reset'
RESET_UID=$(link_part uid)
TOKEN=$(link_part token)
send POST /auth/users/reset_email_confirm/ json "{
  \"uid\": \"$RESET_UID\",
  \"token\": \"$TOKEN\",
  \"new_email\": \"$EMAIL\",
  \"re_new_email\": \"$EMAIL\"
}"
expect 204 ''
send GET /auth/users/me/ header "Authorization: JWT $ACCESS"
expect 401
log_in "$EMAIL" 'another-secure-password'
expect 200 '{"refresh":"…","access":"…"}'
ACCESS=$(pick access)

say 'Delete account'
send DELETE /auth/users/me/ header "Authorization: JWT $ACCESS" json '{"current_password": "wrong-password"}'
expect 400 "$WRONG_PASSWORD"
send DELETE /auth/users/me/ header "Authorization: JWT $ACCESS" json '{
  "current_password": "another-secure-password"
}'
expect 204 ''
send GET /auth/users/me/ header "Authorization: JWT $ACCESS"
expect 401 '{"detail":"User not found","code":"user_not_found"}'
log_in "$EMAIL" 'another-secure-password'
expect 401 "$NO_ACCOUNT"

say 'No such page, no such method'
send GET /auth/nothing/
expect 404
send GET /auth/users/activation/
expect 405

finish
