{{- /*
Refuses values that can only be mistakes, in words. No message holds a secret.
*/}}
{{- define "zego-upload-exporter.checks" -}}
{{- $env := dict }}
{{- range .Values.extraEnv }}{{ $_ := set $env .name true }}{{ end }}
{{- if and .Values.demo .Values.config }}
{{- fail "demo brings its own configuration: leave out config" }}
{{- end }}
{{- if not (or .Values.demo .Values.config (hasKey $env "ZEGO_APP_ID")) }}
{{- fail "there is nothing to collect: set config.apps (values.yaml has an example), or demo=true to try the exporter" }}
{{- end }}
{{- range .Values.extraEnv }}
{{- if has .name (list "ZEGO_SERVER_SECRET_FILE" "SSL_CERT_FILE" "REQUESTS_CA_BUNDLE") }}
{{- include "zego-upload-exporter.mounted" (list $ (printf "extraEnv %s" .name) .value) }}
{{- end }}
{{- end }}
{{- range $index, $app := .Values.config.apps }}
{{- $at := printf "config.apps[%d]" $index }}
{{- range $key := list "server_secret" "callback_secret" }}
{{- $secret := get $app $key | default "" | toString }}
{{- if not (regexMatch "^(\\$\\{[A-Za-z_][A-Za-z0-9_]*\\})?$" $secret) }}
{{- fail (printf "%s.%s: a secret in config would be readable in a ConfigMap; put it into a Secret, name that in existingSecret, and set %s.%s_file to /run/secrets/zego-upload-exporter/KEY" $at $key $at $key) }}
{{- end }}
{{- end }}
{{- range $key := list "server_secret_file" "callback_secret_file" "ca_file" }}
{{- include "zego-upload-exporter.mounted" (list $ (printf "%s.%s" $at $key) (get $app $key)) }}
{{- end }}
{{- end }}
{{- with .Values.config.web }}
{{- include "zego-upload-exporter.mounted" (list $ "config.web.config_file" .config_file) }}
{{- end }}
{{- end }}

{{- /*
Refuses a file that no volume of the Pod holds. Arguments: the root context, the name of the value,
the path. A path with a variable in it is the exporter's to judge.
*/}}
{{- define "zego-upload-exporter.mounted" -}}
{{- $root := index . 0 }}
{{- $path := index . 2 | default "" | toString }}
{{- $folder := "/run/secrets/zego-upload-exporter" }}
{{- if and $path (not (contains "${" $path)) }}
{{- $found := and $root.Values.existingSecret (hasPrefix (printf "%s/" $folder) $path) }}
{{- range $root.Values.extraVolumeMounts }}
{{- if or (eq .mountPath $path) (hasPrefix (printf "%s/" (trimSuffix "/" .mountPath)) $path) }}
{{- $found = true }}
{{- end }}
{{- end }}
{{- if not $found }}
{{- fail (printf "%s is %s, where nothing is mounted: name a Secret with the key %s in existingSecret and set the value to %s/%s, or mount a volume there (extraVolumes, extraVolumeMounts)" (index . 1) $path (base $path) $folder (base $path)) }}
{{- end }}
{{- end }}
{{- end }}
