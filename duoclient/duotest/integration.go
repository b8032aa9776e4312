package duotest

// IntegrationType is what an integration may call.
type IntegrationType string

// The types, in the Admin API's words.
const (
	TypeUniversal IntegrationType = "websdk"
	TypeAuth      IntegrationType = "authapi"
	TypeAdmin     IntegrationType = "adminapi"
	TypeAccounts  IntegrationType = "accountsapi"
)

// Permission is what an Admin API integration is granted.
type Permission string

// The permissions, by their names in an integration object.
const (
	GrantAdmins        Permission = "adminapi_admins"
	GrantAdminsRead    Permission = "adminapi_admins_read"
	GrantInfo          Permission = "adminapi_info"
	GrantIntegrations  Permission = "adminapi_integrations"
	GrantReadLog       Permission = "adminapi_read_log"
	GrantReadResource  Permission = "adminapi_read_resource"
	GrantSettings      Permission = "adminapi_settings"
	GrantWriteResource Permission = "adminapi_write_resource"
)

// Integration is one application of the account.
type Integration struct {
	// Key is the client ID or integration key; made up when empty.
	Key string
	// Secret is the client secret or secret key; made up when empty.
	Secret string
	// PreviousSecret, when not empty, is taken beside Secret: what is signed
	// with it is answered with it. A reset of the secret ends it.
	PreviousSecret string
	// Type is [TypeUniversal] when empty.
	Type IntegrationType
	// Name is shown on the page and in auth_context.
	Name string
	// Permissions are those of an Admin API integration. Nil means all,
	// an empty slice none.
	Permissions []Permission
	// Networks, when not empty, are the only addresses and CIDR prefixes
	// that the integration may call from.
	Networks []string
}

// integration is the record behind [Integration].
type integration struct {
	Integration

	notes, greeting, enrollPolicy, normalization, userAccess, policyKey string
	groupsAllowed                                                       []string
	selfService, promptV4                                               bool
	trustedDays                                                         int
}

func (a *account) addIntegration(i Integration) Integration {
	if i.Key == "" {
		i.Key = newID("DI")
	}
	if i.Secret == "" {
		i.Secret = randomText(alphanumeric, 40)
	}
	if i.Type == "" {
		i.Type = TypeUniversal
	}
	a.integrations.put(i.Key, &integration{
		Integration: i, normalization: "None", userAccess: "ALL_USERS", promptV4: i.Type == TypeUniversal,
	})
	return i
}
