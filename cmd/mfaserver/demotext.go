package main

import "strings"

// instructions is the session to paste.
func (s *demoState) instructions(serverURL, simURL, auto string, engine *demoEngine, user string) string {
	parts, password, engineURL := demoText, s.Password, ""
	if engine != nil {
		engineURL = engine.url
		parts += demoGatewayText
	}
	if engine != nil && engine.ours == nil {
		password = "THE-PASSWORD-OF-" + user
	}
	return strings.NewReplacer(
		"{engine}", engineURL,
		"{server}", serverURL,
		"{sim}", simURL,
		"{auto}", auto,
		"{user}", user,
		"{password}", password,
		"{ca}", s.file("ca.pem"),
		"{jar}", s.file("cookies.txt"),
		"{config}", s.file("mfaserver.yaml"),
	).Replace(parts)
}

const demoText = `
mfaserver demo is running. It is for trying only; stop it with Ctrl-C.

  server     {server}
  user       {user}
  password   {password}
  simulator  {sim} (prompts: {auto})
  CA file    {ca}
  config     {config}

Log in over the Mirth API, in another terminal:

1. The first call checks the password. It answers 401 with a DuoLoginStatus:

curl --cacert '{ca}' -c '{jar}' -b '{jar}' \
  -H 'X-Requested-With: curl' -H 'X-Mirth-Server-Url: {server}' \
  -d 'username={user}' --data-urlencode 'password={password}' \
  '{server}/api/users/_login'

   Add -H 'Accept: application/json' for JSON, where the authURL is not escaped.

2. Open its authURL in a browser (in XML, write & for &amp;). The browser warns,
   since it does not know the demo's CA: go on. Press "Approve" on the phone
   that the page shows. The page that follows shows the login data.

3. The second call brings the login data and gets the session:

curl --cacert '{ca}' -c '{jar}' -b '{jar}' \
  -H 'X-Requested-With: curl' -H 'X-Mirth-Login-Data: PASTE-IT-HERE' \
  -d 'username={user}' \
  '{server}/api/users/_login'

4. Use the session, and end it:

curl --cacert '{ca}' -b '{jar}' -H 'X-Requested-With: curl' '{server}/api/users/current'
curl --cacert '{ca}' -b '{jar}' -H 'X-Requested-With: curl' -X POST -i '{server}/api/users/_logout'

   Or all of it at once, browser included:

   bin/mfaserver login --server {server} --ca-file '{ca}' --user {user} --cookie-jar '{jar}'

`

const demoGatewayText = `The server stands in front of the engine {engine}.

Logins in one call, for clients that cannot do two. The demo allows a user all
ways; which one is used follows from the client and from what is typed:

5. Push: the call waits until somebody presses Approve at {sim}/sim/phones/{user}
   The Administrator, the engine's own Java client, is known by its User-Agent:

curl --cacert '{ca}' -c '{jar}' -A 'Demo (Mirth Server Connection)' \
  -H 'X-Requested-With: curl' -d 'username={user}' --data-urlencode 'password={password}' \
  '{server}/api/users/_login'

   Everything under {server}/api goes to the engine, with a session:

curl --cacert '{ca}' -b '{jar}' -H 'X-Requested-With: curl' '{server}/api/channels'

6. Passcode: the password, a comma, and the passcode that the phone shows (or
   push, or phone):

curl --cacert '{ca}' -c '{jar}' -H 'X-Requested-With: curl' \
  -d 'username={user}' --data-urlencode 'password={password},push' \
  '{server}/api/users/_login'

7. Sign-in code: sign in at {server}/mfa/ with "Sign in and get a code", then
   type the code where a client asks for the password:

curl --cacert '{ca}' -c '{jar}' -H 'X-Requested-With: curl' \
  -d 'username={user}' -d 'password=PASTE-THE-CODE' '{server}/api/users/_login'

8. Service token, for programs. The command asks for the user's password at the
   engine and prints the token once:

bin/mfaserver --config '{config}' tokens create nightly --user {user} --owner {user} --read-only

   It is good as password, as Basic password and as Bearer:

curl --cacert '{ca}' -u '{user}:PASTE-THE-TOKEN' '{server}/api/channels'
curl --cacert '{ca}' -H 'Authorization: Bearer PASTE-THE-TOKEN' '{server}/api/channels'

`
