package text

var englishSetup = PortalSetup{
	Title:       "Set up a client",
	Lead:        "Clients need no plugin. They talk to this server in place of the engine, and sign in in one of the ways below.",
	Address:     "Address of this server",
	AddressHelp: "Give it to every client where it asks for the engine's address.",
	Open:        "Show how",
	Steps:       "Set it up",
	Others:      "All clients",
	Certificate: "The client's machine must trust the certificate of this server. If it does not, ask your administrator for the authority's certificate; never switch the check off.",
	Clients: []PortalClient{
		{
			Name: "administrator", Title: "The Administrator", Summary: "The Java program with windows, and its launcher.",
			Steps: []PortalStep{
				{Text: "Start the Administrator or its launcher, and give it this address:", Label: "Address", Copy: "{url}"},
				{Text: "Type your username."},
			},
			PushTitle: "Sign in by push",
			Push: []PortalStep{
				{Text: "Type your password, and sign in. The window waits while Duo asks on your phone."},
				{Text: "Approve it there, within a minute. After a denial the phone is left alone for a minute."},
			},
			CodeTitle: "Sign in with a code",
			Code: []PortalStep{
				{Text: "Get a sign-in code in this browser, and type or paste it where the Administrator asks for the password."},
			},
			NotesTitle: "Good to know",
			Notes: []PortalStep{
				{Text: "A refused sign-in always says the same, whatever the reason was. Your administrator can see the reason."},
				{Text: "An open window alone keeps no session alive: after some time without work it asks you to sign in again."},
			},
		},
		{
			Name: "command-line", Title: "The engine's command line tool", Summary: "mccommand, for one-off commands and files of commands.",
			Steps: []PortalStep{
				{Text: "Write address, name and password into a file that nobody but you can read, and run:", Label: "Command", Copy: "mccommand -c mccommand.properties"},
				{Text: "The file has these lines:", Label: "File", Copy: "address={url}\nuser={name}\npassword=...\nversion=4.5.2"},
			},
			PushTitle: "Sign in by push",
			Push: []PortalStep{
				{Text: "Put your password into the file. The tool waits while Duo asks on your phone."},
			},
			CodeTitle: "Sign in with a code",
			Code: []PortalStep{
				{Text: "Put a sign-in code into the file in place of the password, within two minutes. It is spent with the sign-in, so nothing is left in the file."},
			},
			NotesTitle: "Good to know",
			Notes: []PortalStep{
				{Text: "After a refused sign-in the tool hangs: stop it with Ctrl+C."},
				{Text: "What runs without you needs a service token, which an administrator makes."},
			},
		},
		{
			Name: "mirthsync", Title: "mirthsync", Summary: "Keeps channels in files and under version control.",
			Steps: []PortalStep{
				{Text: "Get a sign-in code in this browser. It is good for one run; mirthsync reads it from the environment:", Label: "Command", Copy: "read -rs MIRTHSYNC_PASSWORD; export MIRTHSYNC_PASSWORD"},
				{Text: "Type the code, and then run:", Label: "Command", Copy: "java -jar mirthsync.jar -s {url}/api -u {user} -t ./config pull"},
			},
			NotesTitle: "Good to know",
			Notes: []PortalStep{
				{Text: "What runs by itself, in a pipeline for example, needs a service token in place of the code. An administrator makes one, read-only where that is enough."},
				{Text: "mirthsync never signs out. End its session under Sessions when you are done."},
			},
		},
		{
			Name: "python", Title: "python-mirth-client", Summary: "Scripts in Python.",
			Steps: []PortalStep{
				{Text: "Give the script your name and, from the environment, a sign-in code in place of the password:", Label: "Script", Copy: "import asyncio, os\nfrom mirth_client import MirthAPI\n\nasync def main():\n    async with MirthAPI(\"{url}/api\") as api:\n        await api.login(os.environ[\"MIRTH_USER\"], os.environ[\"MIRTH_CODE\"])\n        for channel in await api.channels():\n            print((await channel.get_info()).name)\n\nasyncio.run(main())"},
			},
			NotesTitle: "Good to know",
			Notes: []PortalStep{
				{Text: "What runs without you needs a service token in place of the code. An administrator makes one."},
				{Text: "The library does not sign out: end its session under Sessions when you are done."},
			},
		},
		{
			Name: "curl", Title: "curl and scripts", Summary: "Any program that speaks HTTP.",
			Steps: []PortalStep{
				{Text: "The program mfaserver signs in for you: it opens your browser for Duo's prompt, and writes a file of cookies for curl.", Label: "Command", Copy: "mfaserver login --server {url} --user {user} --cookie-jar jar"},
				{Text: "Every call needs a header that says it is no page's:", Label: "Command", Copy: "curl -b jar -H 'X-Requested-With: curl' '{url}/api/users/current'"},
				{Text: "Sign out when you are done:", Label: "Command", Copy: "mfaserver logout --server {url} --cookie-jar jar"},
			},
			CodeTitle: "With nothing but curl",
			Code: []PortalStep{
				{Text: "Get a sign-in code in this browser and hand it to curl from the keyboard, so that it is in no list of commands:", Label: "Command", Copy: "read -rs CODE; printf 'data-urlencode = \"password=%s\"\\n' \"$CODE\" | curl -K - -c jar -H 'X-Requested-With: curl' --data-urlencode username={user} '{url}/api/users/_login'"},
			},
			NotesTitle: "Good to know",
			Notes: []PortalStep{
				{Text: "What runs without you needs a service token, which an administrator makes. It goes into a header of each call, and nothing is signed in or out."},
			},
		},
	},
}
