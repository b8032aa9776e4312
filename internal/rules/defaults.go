package rules

import "time"

// DefaultMaxAge is how old an approval may be for an operation that needs
// step-up, when nothing else is said.
const DefaultMaxAge = 15 * time.Minute

// DangerousOperations are those that step-up guards when it is switched on
// without a list (threat T150): accounts, extensions, configuration and
// resources of the server, alerts and scripts.
func DangerousOperations() []Operation {
	write := []string{"POST", "PUT", "DELETE"}
	return []Operation{
		{Methods: []string{"POST"}, Paths: []string{"/users"}},
		{Methods: []string{"PUT", "DELETE"}, Paths: []string{"/users/*", "/users/*/password"}},
		{Methods: write, Paths: []string{
			"/extensions/_install", "/extensions/_uninstall", "/extensions/*/_setEnabled", "/extensions/*/properties",
		}},
		{Methods: write, Paths: []string{
			"/server/configuration", "/server/configurationMap", "/server/databaseDrivers", "/server/globalScripts",
			"/server/resources/**", "/server/settings", "/server/updateSettings",
		}},
		{Methods: []string{"POST"}, Paths: []string{"/alerts", "/alerts/*/_enable", "/alerts/*/_disable"}},
		{Methods: []string{"PUT", "DELETE"}, Paths: []string{"/alerts/*"}},
		{Methods: []string{"PUT", "DELETE"}, Paths: []string{"/codeTemplates/*", "/codeTemplateLibraries"}},
		{Methods: []string{"POST"}, Paths: []string{"/codeTemplateLibraries/_bulkUpdate"}},
	}
}

// DefaultPassive are the paths that the Administrator asks for all the time
// while nobody is at work (threat T111): the dashboard with its tabs, and the
// state of the server.
func DefaultPassive() []string {
	return []string{
		"/channels/statuses/**", "/channels/*/status", "/channels/statistics",
		"/extensions/dashboardstatus/**", "/extensions/globalmapviewer/maps/**", "/extensions/serverlog/**",
		"/server/status", "/server/time", "/system/stats",
	}
}
