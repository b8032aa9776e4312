package duotest

import (
	"net/http"
	"slices"
	"strings"
)

const maxTrustedDays = 60

// permissions are all that there are.
func permissions() []Permission {
	return []Permission{
		GrantAdmins, GrantAdminsRead, GrantInfo, GrantIntegrations, GrantReadLog, GrantReadResource, GrantSettings, GrantWriteResource,
	}
}

func (s *Server) integrationRoutes() []apiRoute {
	var out []apiRoute
	for version, prefix := range []string{"/admin/v1/integrations", "/admin/v2/integrations", "/admin/v3/integrations"} {
		route := func(method, path string, serve func(*apiCall, *integration) (any, error)) {
			out = append(out, apiRoute{method: method, pattern: prefix + path, permission: GrantIntegrations, serve: withIntegration(serve)})
		}
		render := func(i *integration) any { return i.object(version + 1) }
		out = append(
			out,
			apiRoute{method: http.MethodGet, pattern: prefix, permission: GrantIntegrations, serve: func(c *apiCall) (any, error) {
				return pageOfItems(c, c.account.integrations.all(), maxPage, render)
			}},
			apiRoute{method: http.MethodPost, pattern: prefix, permission: GrantIntegrations, serve: func(c *apiCall) (any, error) {
				return s.createIntegration(c, render)
			}},
			apiRoute{method: http.MethodDelete, pattern: prefix + "/{integration_key}", permission: GrantIntegrations, serve: s.deleteIntegration},
		)
		route(http.MethodGet, "/{integration_key}", func(_ *apiCall, i *integration) (any, error) { return render(i), nil })
		route(http.MethodPost, "/{integration_key}", func(c *apiCall, i *integration) (any, error) {
			return s.modifyIntegration(c, i, render)
		})
		route(http.MethodGet, "/{integration_key}/skey", func(_ *apiCall, i *integration) (any, error) {
			return fields{"secret_key": i.Secret}, nil
		})
	}
	return out
}

func withIntegration(serve func(*apiCall, *integration) (any, error)) func(*apiCall) (any, error) {
	return func(c *apiCall) (any, error) {
		i := c.account.integrations.get(c.ids["integration_key"])
		if i == nil {
			return nil, errNotFound()
		}
		return serve(c, i)
	}
}

func (i *integration) object(version int) fields {
	policy := i.enrollPolicy
	if policy == "" {
		policy = string(PolicyEnroll)
	}
	out := fields{
		"enroll_policy": policy, "greeting": i.greeting, "groups_allowed": append([]string{}, i.groupsAllowed...),
		"integration_key": i.Key, "name": i.Name, "networks_for_api_access": strings.Join(i.Networks, ","), "notes": i.notes,
		"secret_key": i.Secret, "self_service_allowed": i.selfService, "trusted_device_days": i.trustedDays, "type": string(i.Type),
		"username_normalization_policy": i.normalization, "visual_style": "default",
	}
	if i.Type == TypeAdmin {
		for _, p := range permissions() {
			granted := 0
			if i.Permissions == nil || slices.Contains(i.Permissions, p) {
				granted = 1
			}
			out[string(p)] = granted
		}
	}
	if version > 1 {
		v4 := 0
		if i.promptV4 {
			v4 = 1
		}
		out["policy_key"], out["prompt_v4_enabled"], out["frameless_auth_prompt_enabled"] = textOrNull(i.policyKey), v4, v4
	}
	if version > 2 {
		out["user_access"] = i.userAccess
	}
	return out
}

func (s *Server) createIntegration(c *apiCall, render func(*integration) any) (any, error) {
	for _, name := range []string{"name", "type"} {
		if _, err := c.required(name); err != nil {
			return nil, err
		}
	}
	made := &integration{
		Integration: Integration{
			Key: newID("DI"), Secret: randomText(alphanumeric, 40), Type: IntegrationType(c.text("type")), Permissions: []Permission{},
		},
		normalization: "None", userAccess: "NO_USERS",
	}
	if err := c.describeIntegration(made); err != nil {
		return nil, err
	}
	c.account.integrations.put(made.Key, made)
	c.log("integration_create", made.Name, fields{"type": string(made.Type)})
	return render(made), nil
}

func (s *Server) modifyIntegration(c *apiCall, i *integration, render func(*integration) any) (any, error) {
	changed := *i
	changed.Permissions = slices.Clone(i.Permissions)
	if err := c.describeIntegration(&changed); err != nil {
		return nil, err
	}
	if c.text("reset_secret_key") != "" {
		changed.Secret, changed.PreviousSecret = randomText(alphanumeric, 40), ""
	}
	*i = changed
	c.log("integration_update", i.Name, nil)
	return render(i), nil
}

// describeIntegration writes the call's parameters into a copy.
func (c *apiCall) describeIntegration(i *integration) error {
	for name, field := range map[string]*string{
		"name": &i.Name, "notes": &i.notes, "greeting": &i.greeting, "policy_key": &i.policyKey,
	} {
		if c.has(name) {
			*field = c.text(name)
		}
	}
	if c.has("networks_for_api_access") {
		i.Networks = splitList(c.text("networks_for_api_access"))
	}
	if c.has("groups_allowed") {
		i.groupsAllowed = splitList(c.text("groups_allowed"))
	}
	if slices.ContainsFunc(i.groupsAllowed, func(id string) bool { return !c.account.groups.has(id) }) {
		return errInvalid("groups_allowed")
	}
	var err error
	if i.enrollPolicy, err = c.oneOf("enroll_policy", i.enrollPolicy, "enroll", "allow", "deny"); err != nil {
		return err
	}
	if i.normalization, err = c.oneOf("username_normalization_policy", i.normalization, "None", "Simple"); err != nil {
		return err
	}
	if i.userAccess, err = c.oneOf("user_access", i.userAccess, "ALL_USERS", "NO_USERS", "PERMITTED_GROUPS"); err != nil {
		return err
	}
	if i.selfService, err = c.flag("self_service_allowed", i.selfService); err != nil {
		return err
	}
	if i.promptV4, err = c.flag("prompt_v4_enabled", i.promptV4); err != nil {
		return err
	}
	if i.trustedDays, err = c.number("trusted_device_days", i.trustedDays, 0, maxTrustedDays); err != nil {
		return err
	}
	return c.describePermissions(i)
}

func (c *apiCall) describePermissions(i *integration) error {
	for _, p := range permissions() {
		if !c.has(string(p)) {
			continue
		}
		on, err := c.flag(string(p), false)
		if err != nil {
			return err
		}
		if i.Type != TypeAdmin {
			return errInvalid(string(p))
		}
		if i.Permissions == nil {
			i.Permissions = permissions()
		}
		i.Permissions = slices.DeleteFunc(i.Permissions, func(q Permission) bool { return q == p })
		if on {
			i.Permissions = append(i.Permissions, p)
		}
	}
	return nil
}

// splitList reads values between commas.
func splitList(text string) []string {
	var out []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func (s *Server) deleteIntegration(c *apiCall) (any, error) {
	if i := c.account.integrations.get(c.ids["integration_key"]); i != nil {
		c.account.integrations.remove(i.Key)
		c.log("integration_delete", i.Name, nil)
	}
	return "", nil
}
