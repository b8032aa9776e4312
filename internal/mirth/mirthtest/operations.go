package mirthtest

import (
	"net/http"
	"slices"
	"strings"
)

// kind is what an operation answers where nothing better is known of it.
type kind int

const (
	kindNone kind = iota // 204
	kindList
	kindSet
	kindMap
	kindProperties
	kindObject
	kindTrue
	kindZero
	kindText // text/plain
	kindJSON // the description
)

// operation is one method on one path below the context.
type operation struct {
	method, path, id string
	kind             kind
	// consumes is the only media type of a request; empty means XML or JSON.
	consumes string
	public   bool
}

const (
	form      = "application/x-www-form-urlencoded"
	multipart = "multipart/form-data"
	textPlain = "text/plain"
)

// operations are those of an engine 4.5, those that the fake answers with
// something of its own and many that it only knows of. Searches that send
// their criteria read by POST.
func operations() []operation {
	return slices.Concat(
		userOperations(), serverOperations(), channelOperations(), messageOperations(), otherOperations(), echoOperations())
}

func userOperations() []operation {
	return []operation{
		{"POST", "/users/_login", "login", kindObject, form, true},
		{"POST", "/users/_logout", "logout", kindNone, "", false},
		{"POST", "/users/_inactivityLogout", "inactivityLogout", kindNone, "", false},
		{"GET", "/users/current", "getCurrentUser", kindObject, "", false},
		{"GET", "/users", "getAllUsers", kindList, "", false},
		{"POST", "/users", "createUser", kindNone, "", false},
		{"POST", "/users/_checkPassword", "checkUserPassword", kindList, textPlain, false},
		{"GET", "/users/{userIdOrName}", "getUser", kindObject, "", false},
		{"PUT", "/users/{userId}", "updateUser", kindNone, "", false},
		{"DELETE", "/users/{userId}", "removeUser", kindNone, "", false},
		{"PUT", "/users/{userId}/password", "updateUserPassword", kindList, textPlain, false},
		{"GET", "/users/{userId}/loggedIn", "isUserLoggedIn", kindTrue, "", false},
		{"GET", "/users/{userId}/preferences", "getUserPreferences", kindProperties, "", false},
		{"PUT", "/users/{userId}/preferences", "setUserPreferences", kindNone, "", false},
		{"GET", "/users/{userId}/preferences/{name}", "getUserPreference", kindText, "", false},
		{"PUT", "/users/{userId}/preferences/{name}", "setUserPreference", kindNone, textPlain, false},
	}
}

func serverOperations() []operation {
	return []operation{
		{"GET", "/server/version", "getVersion", kindText, "", true},
		{"GET", "/server/status", "getStatus", kindZero, "", true},
		{"GET", "/openapi.json", "getOpenAPI", kindJSON, "", true},
		{"GET", "/server/id", "getServerId", kindText, "", false},
		{"GET", "/server/buildDate", "getBuildDate", kindText, "", false},
		{"GET", "/server/timezone", "getServerTimezone", kindText, "", false},
		{"GET", "/server/time", "getServerTime", kindObject, "", false},
		{"GET", "/server/jvm", "getJVMName", kindText, "", false},
		{"GET", "/server/about", "getAbout", kindMap, "", false},
		{"GET", "/server/configuration", "getServerConfiguration", kindObject, "", false},
		{"PUT", "/server/configuration", "setServerConfiguration", kindNone, "", false},
		{"GET", "/server/charsets", "getAvailableCharsetEncodings", kindList, "", false},
		{"GET", "/server/settings", "getServerSettings", kindObject, "", false},
		{"PUT", "/server/settings", "setServerSettings", kindNone, "", false},
		{"GET", "/server/publicSettings", "getPublicServerSettings", kindObject, "", false},
		{"GET", "/server/encryption", "getEncryptionSettings", kindObject, "", false},
		{"POST", "/server/_testEmail", "sendTestEmail", kindObject, "", false},
		{"GET", "/server/updateSettings", "getUpdateSettings", kindObject, "", false},
		{"GET", "/server/licenseInfo", "getLicenseInfo", kindObject, "", false},
		{"POST", "/server/_generateGUID", "getGuid", kindText, "", false},
		{"GET", "/server/globalScripts", "getGlobalScripts", kindMap, "", false},
		{"PUT", "/server/globalScripts", "setGlobalScripts", kindNone, "", false},
		{"GET", "/server/configurationMap", "getConfigurationMap", kindMap, "", false},
		{"PUT", "/server/configurationMap", "setConfigurationMap", kindNone, "", false},
		{"GET", "/server/databaseDrivers", "getDatabaseDrivers", kindList, "", false},
		{"GET", "/server/passwordRequirements", "getPasswordRequirements", kindObject, "", false},
		{"GET", "/server/resources", "getResources", kindList, "", false},
		{"PUT", "/server/resources", "setResources", kindNone, "", false},
		{"GET", "/server/channelTags", "getChannelTags", kindSet, "", false},
		{"GET", "/server/channelDependencies", "getChannelDependencies", kindSet, "", false},
		{"GET", "/server/channelMetadata", "getChannelMetadata", kindMap, "", false},
		{"GET", "/server/protocolsAndCipherSuites", "getProtocolsAndCipherSuites", kindMap, "", false},
		{"GET", "/system/info", "getInfo", kindObject, "", false},
		{"GET", "/system/stats", "getStats", kindObject, "", false},
	}
}

func channelOperations() []operation {
	return []operation{
		{"GET", "/channels", "getChannels", kindList, "", false},
		{"POST", "/channels", "createChannel", kindTrue, "", false},
		{"DELETE", "/channels", "removeChannels", kindNone, "", false},
		{"POST", "/channels/_getChannels", "getChannelsPost", kindList, "", false},
		{"POST", "/channels/_getSummary", "getChannelSummary", kindList, "", false},
		{"POST", "/channels/_removeChannels", "removeChannelsPost", kindNone, "", false},
		{"POST", "/channels/_setChannelEnabled", "setChannelEnabled", kindNone, form, false},
		{"POST", "/channels/_deploy", "deployChannels", kindNone, "", false},
		{"POST", "/channels/_undeploy", "undeployChannels", kindNone, "", false},
		{"POST", "/channels/_redeployAll", "redeployAllChannels", kindNone, "", false},
		{"POST", "/channels/_start", "startChannels", kindNone, form, false},
		{"POST", "/channels/_stop", "stopChannels", kindNone, form, false},
		{"POST", "/channels/_clearStatistics", "clearStatistics", kindNone, "", false},
		{"GET", "/channels/idsAndNames", "getChannelIdsAndNames", kindMap, "", false},
		{"GET", "/channels/portsInUse", "getChannelPortsInUse", kindList, "", false},
		{"GET", "/channels/statuses", "getChannelStatusList", kindList, "", false},
		{"GET", "/channels/statuses/initial", "getDashboardChannelInfo", kindObject, "", false},
		{"POST", "/channels/statuses/_getChannelStatusList", "getChannelStatusListPost", kindList, "", false},
		{"GET", "/channels/statistics", "getStatistics", kindList, "", false},
		{"POST", "/channels/statistics/_getStatistics", "getStatisticsPost", kindList, "", false},
		{"GET", "/channels/{channelId}", "getChannel", kindObject, "", false},
		{"PUT", "/channels/{channelId}", "updateChannel", kindTrue, "", false},
		{"DELETE", "/channels/{channelId}", "removeChannel", kindNone, "", false},
		{"GET", "/channels/{channelId}/status", "getChannelStatus", kindObject, "", false},
		{"GET", "/channels/{channelId}/statistics", "getStatistics_1", kindObject, "", false},
		{"GET", "/channels/{channelId}/connectorNames", "getConnectorNames", kindMap, "", false},
		{"GET", "/channels/{channelId}/metaDataColumns", "getMetaDataColumns", kindList, "", false},
		{"POST", "/channels/{channelId}/enabled/{enabled}", "setChannelEnabled_1", kindNone, "", false},
		{"POST", "/channels/{channelId}/_deploy", "deployChannel", kindNone, "", false},
		{"POST", "/channels/{channelId}/_undeploy", "undeployChannel", kindNone, "", false},
		{"POST", "/channels/{channelId}/_start", "startChannel", kindNone, "", false},
		{"POST", "/channels/{channelId}/_stop", "stopChannel", kindNone, "", false},
		{"POST", "/channels/{channelId}/_halt", "haltChannel", kindNone, "", false},
		{"POST", "/channels/{channelId}/_pause", "pauseChannel", kindNone, "", false},
		{"POST", "/channels/{channelId}/_resume", "resumeChannel", kindNone, "", false},
		{"GET", "/channelgroups", "getChannelGroups", kindList, "", false},
		{"POST", "/channelgroups/_getChannelGroups", "getChannelGroupsPost", kindList, "", false},
		{"POST", "/channelgroups/_bulkUpdate", "updateChannelGroups", kindTrue, multipart, false},
	}
}

func messageOperations() []operation {
	return []operation{
		{"POST", "/channels/{channelId}/messages", "processMessage", kindText, textPlain, false},
		{"GET", "/channels/{channelId}/messages", "getMessages", kindList, "", false},
		{"DELETE", "/channels/{channelId}/messages", "removeMessages", kindNone, "", false},
		{"POST", "/channels/{channelId}/messages/_search", "getMessages_1", kindList, "", false},
		{"GET", "/channels/{channelId}/messages/count", "getMessageCount", kindZero, "", false},
		{"POST", "/channels/{channelId}/messages/count/_search", "getMessageCount_1", kindZero, "", false},
		{"GET", "/channels/{channelId}/messages/maxMessageId", "getMaxMessageId", kindZero, "", false},
		{"POST", "/channels/{channelId}/messages/_remove", "removeMessages_1", kindNone, "", false},
		{"DELETE", "/channels/{channelId}/messages/_removeAll", "removeAllMessages", kindNone, "", false},
		{"POST", "/channels/{channelId}/messages/_reprocess", "reprocessMessages", kindNone, "", false},
		{"POST", "/channels/{channelId}/messages/_import", "importMessage", kindNone, textPlain, false},
		{"POST", "/channels/{channelId}/messages/_export", "exportMessagesServer", kindZero, "", false},
		{"GET", "/channels/{channelId}/messages/{messageId}", "getMessageContent", kindObject, "", false},
		{"DELETE", "/channels/{channelId}/messages/{messageId}", "removeMessage", kindNone, "", false},
		{"GET", "/channels/{channelId}/messages/{messageId}/attachments", "getAttachmentsByMessageId", kindList, "", false},
		{"POST", "/channels/{channelId}/messages/{messageId}/_reprocess", "reprocessMessage", kindNone, "", false},
		// Some clients ask for all channels at once.
		{"POST", "/messages/_search", "searchMessages", kindList, "", false},
	}
}

func otherOperations() []operation {
	return []operation{
		{"GET", "/events", "getEvents", kindList, "", false},
		{"POST", "/events/_search", "getEvents_1", kindList, "", false},
		{"GET", "/events/count", "getEventCount", kindZero, "", false},
		{"POST", "/events/count/_search", "getEventCount_1", kindZero, "", false},
		{"GET", "/events/maxEventId", "getMaxEventId", kindZero, "", false},
		{"GET", "/events/{eventId}", "getEvent", kindObject, "", false},
		{"POST", "/events/_exportAll", "exportAllEvents", kindText, "", false},
		{"DELETE", "/events", "removeAllEvents", kindNone, "", false},
		{"GET", "/alerts", "getAlerts", kindList, "", false},
		{"POST", "/alerts", "createAlert", kindNone, "", false},
		{"POST", "/alerts/_getAlerts", "getAlertsPost", kindList, "", false},
		{"GET", "/alerts/statuses", "getAlertStatusList", kindList, "", false},
		{"GET", "/alerts/{alertId}", "getAlert", kindObject, "", false},
		{"PUT", "/alerts/{alertId}", "updateAlert", kindNone, "", false},
		{"DELETE", "/alerts/{alertId}", "removeAlert", kindNone, "", false},
		{"POST", "/alerts/{alertId}/_enable", "enableAlert", kindNone, "", false},
		{"POST", "/alerts/{alertId}/_disable", "disableAlert", kindNone, "", false},
		{"GET", "/codeTemplateLibraries", "getCodeTemplateLibraries", kindList, "", false},
		{"PUT", "/codeTemplateLibraries", "updateCodeTemplateLibraries", kindTrue, "", false},
		{"POST", "/codeTemplateLibraries/_getCodeTemplateLibraries", "getCodeTemplateLibrariesPost", kindList, "", false},
		{"POST", "/codeTemplateLibraries/_bulkUpdate", "updateLibrariesAndTemplates", kindObject, multipart, false},
		{"GET", "/codeTemplates", "getCodeTemplates", kindList, "", false},
		{"POST", "/codeTemplates/_getCodeTemplates", "getCodeTemplatesPost", kindList, "", false},
		{"POST", "/codeTemplates/_getSummary", "getCodeTemplateSummary", kindList, "", false},
		{"PUT", "/codeTemplates/{codeTemplateId}", "updateCodeTemplate", kindTrue, "", false},
		{"DELETE", "/codeTemplates/{codeTemplateId}", "removeCodeTemplate", kindNone, "", false},
		{"GET", "/databaseTasks", "getDatabaseTasks", kindMap, "", false},
		{"POST", "/databaseTasks/{databaseTaskId}/_run", "runDatabaseTask", kindText, "", false},
		{"GET", "/extensions/connectors", "getConnectorMetaData", kindMap, "", false},
		{"GET", "/extensions/plugins", "getPluginMetaData", kindMap, "", false},
		{"GET", "/extensions/{extensionName}", "getExtensionMetaData", kindObject, "", false},
		{"POST", "/extensions/_install", "installExtension", kindNone, multipart, false},
		{"POST", "/extensions/_uninstall", "uninstallExtension", kindNone, textPlain, false},
		{"GET", "/extensions/{extensionName}/properties", "getPluginProperties", kindProperties, "", false},
		{"PUT", "/extensions/{extensionName}/properties", "setPluginProperties", kindNone, "", false},
		{"POST", "/usageData/_getUsageData", "getUsageData", kindText, "", false},
	}
}

// echoOperations are no engine's: what tests need to look at a proxy.
func echoOperations() []operation {
	return []operation{
		{"GET", "/echo", "echo", kindJSON, "*/*", false},
		{"POST", "/echo", "echoPost", kindJSON, "*/*", false},
		{"PUT", "/echo", "echoPut", kindJSON, "*/*", false},
		{"DELETE", "/echo", "echoDelete", kindJSON, "*/*", false},
		{"GET", "/echo/user", "echoUser", kindText, "*/*", false},
		{"GET", "/echo/bytes/{size}", "echoBytes", kindObject, "*/*", false},
		{"POST", "/echo/body", "echoBody", kindObject, "*/*", false},
	}
}

// matched is what a path and a method lead to.
type matched struct {
	*operation

	params map[string]string
	// allow are the methods of the path, for whoever used another.
	allow string
}

// match finds an operation. Without one, allow is empty if no operation has
// that path. HEAD stands for GET.
func match(operations []operation, method string, segments []string) matched {
	var found matched
	var methods []string
	best := -1
	for i := range operations {
		o := &operations[i]
		params, literals, ok := matchPath(o.path, segments)
		switch {
		case !ok || literals < best:
			continue
		case literals > best: // JAX-RS decides for one path, then for the method
			best, methods, found = literals, nil, matched{}
		}
		methods = append(methods, o.method)
		if o.method == method || (o.method == http.MethodGet && method == http.MethodHead) {
			found.operation, found.params = o, params
		}
	}
	found.allow = allow(methods)
	return found
}

// matchPath compares by raw bytes: an escaped letter is another letter.
func matchPath(pattern string, segments []string) (params map[string]string, literals int, ok bool) {
	names := strings.Split(pattern[1:], "/")
	if len(names) != len(segments) {
		return nil, 0, false
	}
	for i, name := range names {
		if name[0] != '{' {
			if name != segments[i] {
				return nil, 0, false
			}
			literals++
			continue
		}
		if segments[i] == "" || strings.Contains(segments[i], "%2F") {
			return nil, 0, false
		}
		if params == nil {
			params = map[string]string{}
		}
		params[strings.Trim(name, "{}")] = segments[i]
	}
	return params, literals, true
}

// allow lists methods in the engine's order.
func allow(methods []string) string {
	switch {
	case len(methods) == 0:
		return ""
	case len(methods) == 1 && methods[0] == http.MethodPost:
		return "POST,OPTIONS"
	case len(methods) == 1 && methods[0] == http.MethodGet:
		return "HEAD,GET,OPTIONS"
	}
	sorted := append(slices.Clone(methods), http.MethodOptions)
	slices.Sort(sorted)
	return strings.Join(slices.Compact(sorted), ",")
}
