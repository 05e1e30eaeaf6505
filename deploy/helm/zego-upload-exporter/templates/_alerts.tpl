{{- /*
The alerts of files/rules/LANGUAGE.json with the values of prometheusRule, as a YAML list of groups.
deploy/chart_rules.py says what the marks «…» are. Argument: the root context.
*/}}
{{- define "zego-upload-exporter.alertGroups" -}}
{{- $values := .Values.prometheusRule }}
{{- $file := .Files.Get (printf "files/rules/%s.json" $values.language) | fromJson }}
{{- $known := dict "ZegoUploadErrorBudgetBurn" dict }}
{{- range $file.alerts }}{{ $_ := set $known .alert .thresholds }}{{ end }}
{{- range $name, $_ := $values.alerts }}
{{- if not (hasKey $known $name) }}
{{- fail (printf "prometheusRule.alerts.%s: there is no such alert (docs/alerts.md has all names)" $name) }}
{{- end }}
{{- range $threshold, $_ := .thresholds }}
{{- if not (hasKey (get $known $name) $threshold) }}
{{- fail (printf "prometheusRule.alerts.%s.thresholds.%s: there is no such threshold (known: %s)" $name $threshold (get $known $name | keys | sortAlpha | join ", " | default "none")) }}
{{- end }}
{{- end }}
{{- end }}
{{- $groups := list }}
{{- range $component := list "uploads" "collection" "exporter" }}
{{- $rules := list }}
{{- range $alert := $file.alerts }}
{{- if eq $alert.component $component }}
{{- $rule := include "zego-upload-exporter.alert" (list $values $file $alert) }}
{{- if $rule }}{{ $rules = append $rules (fromYaml $rule) }}{{ end }}
{{- end }}
{{- end }}
{{- if $rules }}
{{- $suffix := eq $component "uploads" | ternary "" (printf ".%s" $component) }}
{{- $groups = append $groups (dict "name" (printf "zego-uploads%s" $suffix) "rules" $rules) }}
{{- end }}
{{- end }}
{{- toYaml $groups }}
{{- end }}

{{- /* One alert, empty if it is off. Arguments: values, the file, the alert. */}}
{{- define "zego-upload-exporter.alert" -}}
{{- $values := index . 0 }}
{{- $file := index . 1 }}
{{- $alert := index . 2 }}
{{- $own := get $values.alerts $alert.alert | default dict }}
{{- $on := hasKey $own "enabled" | ternary $own.enabled true }}
{{- $for := get $own "for" | default $alert.for }}
{{- if gt (include "zego-upload-exporter.seconds" $for | int64) 31622400 }}
{{- fail (printf "prometheusRule.alerts.%s.for is %s, longer than 366d" $alert.alert $for) }}
{{- end }}
{{- $marks := dict }}
{{- range $name, $threshold := $alert.thresholds }}
{{- $value := hasKey ($own.thresholds | default dict) $name | ternary (get ($own.thresholds | default dict) $name) $threshold.default }}
{{- $at := printf "prometheusRule.alerts.%s.thresholds.%s" $alert.alert $name }}
{{- if and (eq $threshold.kind "COUNT") (kindIs "float64" $value) }}{{ $value = $value | int64 }}{{ end }}
{{- /* A number below 0.0001 would become text such as 1e-05; more decimals than 19 would show its rounding. */}}
{{- if and (eq $threshold.kind "RATIO") (kindIs "float64" $value) (contains "e-" (toString $value)) }}{{ $value = regexReplaceAll "0+$" (printf "%.19f" $value) "" }}{{ end }}
{{- $value = toString $value }}
{{- /* PromQL reads 010 as 8. */}}
{{- if eq $threshold.kind "COUNT" }}{{ $value = regexReplaceAll "^0+([0-9])" $value "${1}" }}{{ end }}
{{- $form := get (dict "COUNT" "[0-9]{1,18}" "RATIO" "[0-9]?\\.[0-9]+|[0-9]+" "DURATION" "([0-9]{1,9}[smhd])?" "PATTERN" "[^`]*") $threshold.kind }}
{{- $right := regexMatch (printf "^(%s)$" $form) $value }}
{{- if and (not $right) (eq $threshold.kind "DURATION") }}
{{- fail (printf "%s is %s, not a duration of one unit such as 90s, 30m or 1d" $at $value) }}
{{- end }}
{{- if and $right $value $threshold.range }}
{{- $number := eq $threshold.kind "DURATION" | ternary (include "zego-upload-exporter.seconds" $value) $value | float64 }}
{{- $limit := $threshold.range.limit | float64 }}
{{- $above := addf $threshold.range.above ($threshold.range.plusFor | ternary (include "zego-upload-exporter.seconds" $for) "0") }}
{{- $right = and (gt $number $above) (or (lt $number $limit) (and $threshold.range.included (eq $number $limit))) }}
{{- end }}
{{- if not $right }}
{{- fail (printf "%s is %s, not a %s" $at $value $threshold.meaning) }}
{{- end }}
{{- if not $value }}{{ $on = false }}{{ end }}
{{- if eq $threshold.kind "DURATION" }}
{{- $_ := set $marks (printf "«%s»" $name) $value }}
{{- $_ := set $marks (printf "«%s:seconds»" $name) (include "zego-upload-exporter.seconds" $value) }}
{{- $_ := set $marks (printf "«%s:words»" $name) (include "zego-upload-exporter.words" (list $file $value)) }}
{{- else if eq $threshold.kind "RATIO" }}
{{- $_ := set $marks (printf "«%s»" $name) $value }}
{{- $_ := set $marks (printf "«%s:words»" $name) (printf "%.0f%%" (mulf ($value | default "0" | float64) 100.0)) }}
{{- else if eq $threshold.kind "PATTERN" }}
{{- $escaped := $value | replace "\\" "\\\\" | replace "\"" "\\\"" }}
{{- $_ := set $marks (printf "«%s»" $name) $escaped }}
{{- $_ := set $marks (printf "«%s:printf»" $name) ($escaped | replace "%" "%%") }}
{{- else }}
{{- $_ := set $marks (printf "«%s»" $name) $value }}
{{- end }}
{{- end }}
{{- if $for }}
{{- $_ := set $marks "«for:words»" (include "zego-upload-exporter.words" (list $file $for)) }}
{{- end }}
{{- $annotations := dict }}
{{- range $key, $text := $alert.annotations }}
{{- $_ := set $annotations $key (include "zego-upload-exporter.filled" (list $text $marks)) }}
{{- end }}
{{- include "zego-upload-exporter.links" (list $values $alert.alert $annotations $file.runbookSuffix) }}
{{- if $on }}
{{- $rule := dict "alert" $alert.alert "expr" (include "zego-upload-exporter.filled" (list $alert.expr $marks)) }}
{{- if and $for (ne (include "zego-upload-exporter.seconds" $for) "0") }}{{ $_ := set $rule "for" $for }}{{ end }}
{{- with $alert.keepFiringFor }}{{ $_ := set $rule "keep_firing_for" . }}{{ end }}
{{- $labels := dict "severity" ($own.severity | default $alert.severity) "component" $alert.component }}
{{- $_ := set $rule "labels" (merge $labels $values.alertLabels) }}
{{- $_ := set $rule "annotations" $annotations }}
{{- toYaml $rule }}
{{- end }}
{{- end }}

{{- /*
Lets an alert's links begin with the addresses of prometheusRule. Arguments: values, the alert's name,
its annotations, which change, and what the runbook's address ends with.
*/}}
{{- define "zego-upload-exporter.links" -}}
{{- $values := index . 0 }}
{{- $alert := index . 1 }}
{{- $annotations := index . 2 }}
{{- $suffix := index . 3 }}
{{- with $values.runbookUrl }}
{{- $address := trimSuffix "/" . }}
{{- $page := printf "%s/%s%s" $address $alert $suffix }}
{{- if hasSuffix ".md" $address }}{{ $page = printf "%s#%s" $address (lower $alert) }}{{ end }}
{{- $_ := set $annotations "runbook_url" $page }}
{{- end }}
{{- with $values.grafanaUrl }}
{{- $_ := set $annotations "dashboard" (printf "%s%s" (trimSuffix "/" .) $annotations.dashboard) }}
{{- end }}
{{- end }}

{{- /* A text with its marks replaced. Arguments: the text, mark to value. */}}
{{- define "zego-upload-exporter.filled" -}}
{{- $text := index . 0 }}
{{- range $mark, $value := index . 1 }}{{ $text = replace $mark $value $text }}{{ end }}
{{- $text }}
{{- end }}

{{- /* A duration of one unit in seconds. */}}
{{- define "zego-upload-exporter.seconds" -}}
{{- /* atoi, for int64 reads 010 as 8. */}}
{{- $number := regexFind "^[0-9]+" . | default "0" | atoi }}
{{- mul $number (get (dict "s" 1 "m" 60 "h" 3600 "d" 86400) (regexFind "[smhd]$" .) | default 0) }}
{{- end }}

{{- /* A duration of one unit as people say it. Arguments: the file, the duration. */}}
{{- define "zego-upload-exporter.words" -}}
{{- $number := regexFind "^[0-9]+" (index . 1) | atoi }}
{{- with get (index . 0).units (regexFind "[smhd]$" (index . 1)) }}
{{- replace "{n}" (toString $number) (index . (eq $number 1 | ternary 0 1)) }}
{{- end }}
{{- end }}
