{{- /*
What the Pod of the exporter and the Pod of `helm test` have in common: fields of the Pod, fields of
the container, and volumes besides the history.
*/}}
{{- define "zego-upload-exporter.pod" -}}
automountServiceAccountToken: false
# Off, so that no Service of this namespace becomes a variable of the exporter.
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- define "zego-upload-exporter.container" -}}
image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- with .Values.extraEnv }}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
volumeMounts:
  - name: history
    mountPath: /var/lib/zego-upload-exporter
  {{- if .Values.config }}
  - name: config
    mountPath: /etc/zego-upload-exporter
    readOnly: true
  {{- end }}
  {{- if .Values.existingSecret }}
  - name: secret
    mountPath: /run/secrets/zego-upload-exporter
    readOnly: true
  {{- end }}
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "zego-upload-exporter.volumes" -}}
{{- if .Values.config }}
- name: config
  configMap:
    name: {{ include "zego-upload-exporter.fullname" . }}
{{- end }}
{{- with .Values.existingSecret }}
# Mounted as a folder, so that a changed Secret reaches the exporter without a restart.
- name: secret
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- with .Values.extraVolumes }}
{{- toYaml . | nindent 0 }}
{{- end }}
{{- end }}
