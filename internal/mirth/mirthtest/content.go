package mirthtest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"mfaserver/internal/mirth"
)

const serverID = "41e03a98-db11-4ad5-91c5-ecb156990969"

// event is one line of the engine's own audit, which believes what a client
// says its address is.
type event struct {
	id      int
	millis  int64
	name    string
	user    string
	userID  int
	outcome string
	address string
}

// firstEvent and firstNano make the first numbers as long as those of an
// engine that has run for a while.
const (
	firstEvent = 8346
	firstNano  = 1831398853692
)

// maxEvents is how many of them are kept.
const maxEvents = 1000

// noteEvent keeps a login.
func (s *Server) noteEvent(c *call, name string, success bool) {
	address := c.Header.Get("X-Forwarded-For")
	if address == "" {
		address, _, _ = strings.Cut(c.RemoteAddr, ":")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e := event{
		id: s.nextEvent, millis: s.config.Now().UnixMilli(), name: "Login", user: name, outcome: "FAILURE", address: address,
	}
	s.nextEvent++
	if success {
		e.outcome = "SUCCESS"
	}
	if u := s.accounts.find(name); u != nil {
		e.userID = u.ID
	}
	s.events = append(s.events, e)
	if len(s.events) > maxEvents {
		s.events = s.events[len(s.events)-maxEvents:]
	}
}

// content answers what is about channels, events and the server.
func (s *Server) content(c *call) (reply, bool) {
	switch c.op.id {
	case "getEvents", "getEvents_1":
		return s.eventList(c), true
	case "getChannels", "getChannelsPost":
		return s.channelList(c), true
	case "getChannel":
		return s.channel(c), true
	case "getChannelIdsAndNames":
		return s.channelNames(c), true
	case "getChannelStatusList", "getChannelStatusListPost":
		return s.channelStatuses(c), true
	case "getServerId":
		return plain(serverID), true
	case "getBuildDate":
		return plain("November 22, 2026"), true
	case "getServerTimezone":
		return plain("UTC (UTC +0)"), true
	case "getJVMName":
		return plain("OpenJDK 64-Bit Server VM"), true
	case "getAbout":
		return literal(c.format,
			"<map>\n  <entry>\n    <string>version</string>\n    <string>"+s.config.Version+"</string>\n  </entry>\n</map>",
			`{"map":{"entry":{"string":["version","`+s.config.Version+`"]}}}`), true
	default:
		return reply{}, false
	}
}

func (s *Server) eventList(c *call) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	limit := 20
	if n, err := strconv.Atoi(c.URL.Query().Get("limit")); err == nil && n > 0 {
		limit = n
	}
	var xml, json []string
	for i := len(s.events) - 1; i >= 0 && len(xml) < limit; i-- {
		e := s.events[i]
		xml = append(xml, fmt.Sprintf("  <event>\n    <id>%d</id>\n    <name>%s</name>\n    <outcome>%s</outcome>\n"+
			"    <userId>%d</userId>\n    <ipAddress>%s</ipAddress>\n    <serverId>%s</serverId>\n  </event>\n",
			e.id, e.name, e.outcome, e.userID, markup.Replace(e.address), serverID))
		json = append(json, fmt.Sprintf(`{"dateTime":%[1]d,"nanoTime":%[9]d,"id":%[2]d,`+
			`"eventTime":{"time":%[1]d,"timezone":"Etc/UTC"},"level":"INFORMATION","name":%[3]q,`+
			`"attributes":{"entry":{"string":["username",%[4]q]}},"outcome":%[5]q,"userId":%[6]d,"ipAddress":%[7]q,"serverId":%[8]q}`,
			e.millis, e.id, e.name, e.user, e.outcome, e.userID, e.address, serverID,
			firstNano+int64(e.id)))
	}
	return listOf(c.format, "event", xml, json)
}

// listOf writes a list as the engine does: one item is no array.
func listOf(f mirth.Format, name string, xml, json []string) reply {
	switch len(xml) {
	case 0:
		return kindList.nothing(f)
	case 1:
		return literal(f, "<list>\n"+xml[0]+"</list>", `{"list":{"`+name+`":`+json[0]+"}}")
	default:
		return literal(f, "<list>\n"+strings.Join(xml, "")+"</list>",
			`{"list":{"`+name+`":[`+strings.Join(json, ",")+"]}}")
	}
}

// channelID is made of the channel's place.
func channelID(i int) string { return fmt.Sprintf("7f3e1c5a-0000-4000-8000-%012d", i+1) }

func (s *Server) channelXML(i int, indent string) string {
	return fmt.Sprintf("%[1]s<channel version=\"%[2]s\">\n%[1]s  <id>%[3]s</id>\n%[1]s  <nextMetaDataId>2</nextMetaDataId>\n"+
		"%[1]s  <name>%[4]s</name>\n%[1]s  <description></description>\n%[1]s  <revision>1</revision>\n%[1]s</channel>",
		indent, s.config.Version, channelID(i), markup.Replace(s.config.Channels[i]))
}

func (s *Server) channelJSON(i int) string {
	return fmt.Sprintf(`{"@version":%q,"id":%q,"nextMetaDataId":2,"name":%q,"description":null,"revision":1}`,
		s.config.Version, channelID(i), s.config.Channels[i])
}

func (s *Server) channelList(c *call) reply {
	var xml, json []string
	for i := range s.config.Channels {
		xml = append(xml, s.channelXML(i, "  ")+"\n")
		json = append(json, s.channelJSON(i))
	}
	return listOf(c.format, "channel", xml, json)
}

func (s *Server) channel(c *call) reply {
	for i := range s.config.Channels {
		if channelID(i) == c.op.params["channelId"] {
			return literal(c.format, s.channelXML(i, ""), `{"channel":`+s.channelJSON(i)+"}")
		}
	}
	return empty(http.StatusNoContent)
}

func (s *Server) channelNames(c *call) reply {
	var xml, json []string
	for i, name := range s.config.Channels {
		xml = append(xml, "  <entry>\n    <string>"+channelID(i)+"</string>\n    <string>"+markup.Replace(name)+"</string>\n  </entry>\n")
		json = append(json, fmt.Sprintf(`{"string":[%q,%q]}`, channelID(i), name))
	}
	return literal(c.format, "<map>\n"+strings.Join(xml, "")+"</map>", `{"map":{"entry":[`+strings.Join(json, ",")+"]}}")
}

func (s *Server) channelStatuses(c *call) reply {
	var xml, json []string
	for i, name := range s.config.Channels {
		xml = append(xml, fmt.Sprintf("  <dashboardStatus>\n    <channelId>%s</channelId>\n    <name>%s</name>\n"+
			"    <state>STARTED</state>\n    <queued>0</queued>\n    <statusType>CHANNEL</statusType>\n  </dashboardStatus>\n",
			channelID(i), markup.Replace(name)))
		json = append(json, fmt.Sprintf(`{"channelId":%q,"name":%q,"state":"STARTED","queued":0,"statusType":"CHANNEL"}`,
			channelID(i), name))
	}
	return listOf(c.format, "dashboardStatus", xml, json)
}
