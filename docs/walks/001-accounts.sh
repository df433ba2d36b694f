#!/usr/bin/env bash
# Surface accounts, from the top of its document to the end: /accounts/api/…
# shellcheck source=walk.sh source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/walk.sh"

EMAIL="user$SUFFIX@example.com"
USERNAME="some_username$SUFFIX"

say 'New user registration'
REGISTRATION="{
  \"username\": \"$USERNAME\",
  \"email\": \"$EMAIL\",
  \"password\": \"strongpassword123\",
  \"confirm_password\": \"strongpassword123\"
}"
send POST /accounts/api/registration/ json "$REGISTRATION"
expect 201 "{\"msg\":\"Congrats! $USERNAME your successfully registered to continue login we have sent an account activation email to activate your account. Please verify you email address thank you by admin(krishna).\"}"
mail "$EMAIL" activate

say 'New user registration: what is refused'
send POST /accounts/api/registration/ json "$REGISTRATION"
expect 400 '{"username":["A user with that username already exists."],"email":["user with this email already exists."]}'
send POST /accounts/api/registration/ json '{}'
expect 400 '{"username":["This field is required."],"email":["This field is required."],"password":["This field is required."],"confirm_password":["This field is required."]}'
send POST /accounts/api/registration/ json "{\"username\": \"other$SUFFIX\", \"email\": \"other$SUFFIX@example.com\", \"password\": \"strongpassword123\", \"confirm_password\": \"another\"}"
expect 400 '{"non_field_errors":["Password and confirm password doesn'\''t match"]}'

say 'verification_base_url may only lead to a front end of this service (FRONTEND_ORIGINS); elsewhere, no account is made'
send POST /accounts/api/registration/ json "{\"username\": \"other$SUFFIX\", \"email\": \"other$SUFFIX@example.com\", \"password\": \"strongpassword123\", \"confirm_password\": \"strongpassword123\", \"verification_base_url\": \"https://elsewhere.example.net/activate\"}"
expect 400 '{"verification_base_url":["This verification_base_url is not allowed."]}'

say 'Log in before the account is activated: only verified users can'
CREDENTIALS="{
  \"email\": \"$EMAIL\",
  \"password\": \"strongpassword123\"
}"
send POST /accounts/api/login/ json "$CREDENTIALS"
expect 401 '{"detail":"Please verify your email address to activate your account.","msg":"Please verify your email address to activate your account."}'

say 'Get a new account activation token; the two tokens in the answer open nothing'
SENT='{"msg":"We have send you account activation link at your registered email address. If you don'\''t receive email than please make sure you have enter registered email address. Thank you!","access_token":"…","refresh_token":"…"}'
send POST /accounts/api/get/acctivation/token/ json "{
  \"email\": \"$EMAIL\"
}"
expect 200 "$SENT"
INERT=$(pick access_token)
send GET /accounts/api/dashboard/ header "Authorization: Bearer $INERT"
expect 401
mail "$EMAIL" activate
UIDB64=$(link_part uid)
TOKEN=$(link_part token)

say 'The same in the other spelling of the document'
send POST /accounts/api/get/accttivation/token/ json '{"email": "nobody@example.com"}'
expect 400 '{"email":["User with this email does not exist."]}'

say 'Activate the account, with the two parts of the mailed link'
send POST "/accounts/api/verify/token/$UIDB64/00000000000000000000000000000000/"
expect 400 '{"detail":"Activation link is invalid or expired.","msg":"Activation link is invalid or expired."}'
send GET "/accounts/api/verify/token/$UIDB64/$TOKEN/"
expect 405
send POST "/accounts/api/verify/token/$UIDB64/$TOKEN/"
expect 200 '{"msg":"Congrats! your account is successfully activated. Now you can login."}'

say 'Log in'
send POST /accounts/api/login/ json "$CREDENTIALS"
expect 200 "{\"msg\":\" Congrats $USERNAME your credentials verfied.\",\"access_token\":\"…\",\"refresh_token\":\"…\"}"
ACCESS=$(pick access_token)
REFRESH=$(pick refresh_token)

say 'Log in: what is refused'
send POST /accounts/api/login/ json "{\"email\": \"$EMAIL\", \"password\": \"wrongpassword123\"}"
expect 401 '{"detail":"Email or Password in incorrect","msg":"Email or Password in incorrect"}'
send POST /accounts/api/login/ json '{}'
expect 400 '{"email":["This field is required."],"password":["This field is required."]}'

say 'Refresh: not in the document; both tokens are replaced'
send POST /accounts/api/token/refresh/ json "{\"refresh_token\": \"$REFRESH\"}"
expect 200 '{"access":"…","refresh":"…","access_token":"…","refresh_token":"…"}'
ACCESS=$(pick access_token)

say 'The dashboard'
send GET /accounts/api/dashboard/
expect 401 '{"detail":"Authentication credentials were not provided."}'
send GET /accounts/api/dashboard/ header "Authorization: Bearer $ACCESS"
expect 200
expect_part '{"msg":"Welcome to dashboard","data":{'
expect_part "\"username\":\"$USERNAME\",\"email\":\"$EMAIL\",\"is_active\":true,\"is_verified\":true"

say 'The profile: empty at first'
send GET /accounts/api/get/profile/ header "Authorization: Bearer $ACCESS"
expect 200 '{"country":"","profession":"","bio":"","thoughts":"","profile_img":""}'
send GET /accounts/api/get/profile/
expect 401

say 'Update the profile'
send POST /accounts/api/update/profile/ header "Authorization: Bearer $ACCESS" json '{
  "country": "string",
  "profession": "string",
  "bio": "string",
  "thoughts": "string",
  "profile_img": "https://cdn.example.com/me.png"
}'
expect 200 '{"country":"string","profession":"string","bio":"string","thoughts":"string","profile_img":"https://cdn.example.com/me.png"}'
send POST /accounts/api/update/profile/ header "Authorization: Bearer $ACCESS" json '{"bio": "another"}'
expect 200 '{"country":"string","profession":"string","bio":"another","thoughts":"string","profile_img":"https://cdn.example.com/me.png"}'
send POST /accounts/api/update/profile/ header "Authorization: Bearer $ACCESS" json '{"profile_img": "string"}'
expect 400 '{"profile_img":["Enter a valid URL."]}'

say 'The picture itself: as a file of a form, or as a data URL. It is kept, and answered as a URL'
send POST /accounts/api/update/profile/ header "Authorization: Bearer $ACCESS" upload "profile_img=@$(dirname "$0")/me.png"
expect 200 '{"country":"string","profession":"string","bio":"another","thoughts":"string","profile_img":"…/pictures/….webp"}'
PICTURE=/pictures/$(pick profile_img | grep -o '[^/]*$')
send HEAD "$PICTURE"
expect 200 ''
expect_header 'Content-Type: image/webp'
send POST /accounts/api/update/profile/ header "Authorization: Bearer $ACCESS" json '{"profile_img": "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"}'
expect 200
expect_part '/pictures/'
send POST /accounts/api/update/profile/ header "Authorization: Bearer $ACCESS" json '{"profile_img": "data:image/png;base64,AAAA"}'
expect 400 '{"profile_img":["Upload a valid image. The file you uploaded was either not an image or a corrupted image."]}'
send POST /accounts/api/update/profile/ header "Authorization: Bearer $ACCESS" json '{"profile_img": ""}'
expect 200
expect_part '"profile_img":""'

say 'Change the old password: this session goes on'
PASSWORDS='{
  "old_password": "strongpassword123",
  "new_password": "newpassword123",
  "confirm_password": "newpassword123"
}'
send POST /accounts/api/change/password/ json "$PASSWORDS"
expect 401
send POST /accounts/api/change/password/ header "Authorization: Bearer $ACCESS" json '{"old_password": "strongpassword123", "new_password": "newpassword123", "confirm_password": "another"}'
expect 400 '{"non_field_errors":["New password and confirm password doesn'\''t match"]}'
send POST /accounts/api/change/password/ header "Authorization: Bearer $ACCESS" json "$PASSWORDS"
expect 200 '{"msg":"Password changed successfully."}'
send POST /accounts/api/change/password/ header "Authorization: Bearer $ACCESS" json "$PASSWORDS"
expect 400 '{"old_password":["Old password is incorrect."]}'
send POST /accounts/api/login/ json "$CREDENTIALS"
expect 401 '{"detail":"Email or Password in incorrect","msg":"Email or Password in incorrect"}'

say 'Forget the password; an unknown address gets the same answer'
RESET_SENT='{"msg":"If this email is registered we have sent you a password reset link."}'
send POST /accounts/api/forget/password/ json "{
  \"email\": \"$EMAIL\"
}"
expect 200 "$RESET_SENT"
send POST /accounts/api/forget/password/ json '{"email": "nobody@example.com"}'
expect 200 "$RESET_SENT"
send POST /accounts/api/forget/password/ json '{"email": "string"}'
expect 400 '{"email":["Enter a valid email address."]}'

say 'Set the new password, with the two parts of the mailed link'
mail "$EMAIL" reset
UIDB64=$(link_part uid)
TOKEN=$(link_part token)
send POST "/accounts/api/set/new/forget/password/$UIDB64/$TOKEN/" json '{"new_password": "anotherpassword123", "confirm_password": "another"}'
expect 400 '{"non_field_errors":["New password and confirm password doesn'\''t match"]}'
send POST "/accounts/api/set/new/forget/password/$UIDB64/$TOKEN/" json '{
  "new_password": "anotherpassword123",
  "confirm_password": "anotherpassword123"
}'
expect 200 '{"msg":"Password reset successfully. Now you can login."}'
send POST "/accounts/api/set/new/forget/password/$UIDB64/$TOKEN/" json '{"new_password": "anotherpassword123", "confirm_password": "anotherpassword123"}'
expect 400 '{"detail":"Password reset link is invalid or expired.","msg":"Password reset link is invalid or expired."}'

say 'Every session from before the reset has ended, and the old password with them'
send GET /accounts/api/dashboard/ header "Authorization: Bearer $ACCESS"
expect 401
send POST /accounts/api/login/ json "{\"email\": \"$EMAIL\", \"password\": \"newpassword123\"}"
expect 401
send POST /accounts/api/login/ json "{\"email\": \"$EMAIL\", \"password\": \"anotherpassword123\"}"
expect 200 "{\"msg\":\" Congrats $USERNAME your credentials verfied.\",\"access_token\":\"…\",\"refresh_token\":\"…\"}"
ACCESS=$(pick access_token)

say 'Watch the history; the document names it without a path'
send GET /accounts/api/get/history/ header "Authorization: Bearer $ACCESS"
expect 200
for EVENT in registration activation login login_failed profile_update password_change password_reset_request password_reset; do
  expect_part "\"event\":\"$EVENT\""
done

say 'The schema of the document, and no such page'
send GET /accounts/api/spectacular/
expect 200
expect_part 'JWT Authetication API'
send GET /accounts/api/nothing/
expect 404

finish
