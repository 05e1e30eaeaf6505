{{- /*
The rules of files/rules/slo.LANGUAGE.json for the objective of prometheusRule.slo, as a YAML list of
groups. deploy/chart_rules.py says what the marks «…» are. Argument: the root context.
*/}}
{{- define "zego-upload-exporter.sloGroups" -}}
{{- $values := .Values.prometheusRule }}
{{- $file := .Files.Get (printf "files/rules/slo.%s.json" $values.language) | fromJson }}
{{- $objective := toString $values.slo.objective }}
{{- if not (and (regexMatch "^0?\\.[0-9]{1,9}$" $objective) (float64 $objective)) }}
{{- fail (printf "prometheusRule.slo.objective is %s, not a share between 0 and 1 (write 0.99 for 99 %%)" $objective) }}
{{- end }}
{{- $minimum := $values.slo.minimum }}
{{- if kindIs "float64" $minimum }}{{ $minimum = int64 $minimum }}{{ end }}
{{- /* PromQL reads 010 as 8. */}}
{{- $minimum = regexReplaceAll "^0+([0-9])" (toString $minimum) "${1}" }}
{{- if not (regexMatch "^[1-9][0-9]{0,8}$" $minimum) }}
{{- fail (printf "prometheusRule.slo.minimum is %v, not a whole number above 0 (it counts finished uploads)" $minimum) }}
{{- end }}
{{- $budget := subf 1.0 (float64 $objective) }}
{{- $marks := dict "«minimum»" $minimum }}
{{- $_ := set $marks "«budget»" (printf "%.10g" $budget) }}
{{- $_ := set $marks "«objective:words»" (printf "%.10g%%" (mulf (float64 $objective) 100.0)) }}
{{- range $window, $rate := $file.burnRates }}
{{- $_ := set $marks (printf "«limit:%s»" $window) (printf "%.10g" (mulf $budget $rate)) }}
{{- end }}
{{- $own := get $values.alerts "ZegoUploadErrorBudgetBurn" | default dict }}
{{- if $own.for }}
{{- fail "prometheusRule.alerts.ZegoUploadErrorBudgetBurn.for: it takes none (its windows decide)" }}
{{- end }}
{{- $off := and (hasKey $own "enabled") (not $own.enabled) }}
{{- range $group := $file.groups }}
{{- $rules := list }}
{{- range $rule := $group.rules }}
{{- if not (and $off $rule.alert) }}{{ $rules = append $rules $rule }}{{ end }}
{{- $_ := set $rule "expr" (include "zego-upload-exporter.filled" (list $rule.expr $marks)) }}
{{- if $rule.alert }}
{{- with $own.severity }}{{ $_ := set $rule.labels "severity" . }}{{ end }}
{{- $_ := set $rule "labels" (merge $rule.labels $values.alertLabels) }}
{{- range $key, $text := $rule.annotations }}
{{- $_ := set $rule.annotations $key (include "zego-upload-exporter.filled" (list $text $marks)) }}
{{- end }}
{{- include "zego-upload-exporter.links" (list $values $rule.alert $rule.annotations $file.runbookSuffix) }}
{{- end }}
{{- end }}
{{- $_ := set $group "rules" $rules }}
{{- end }}
{{- toYaml $file.groups }}
{{- end }}
