{{- define "callweave.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "callweave.selector" -}}
app.kubernetes.io/name: callweave
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "callweave.labels" -}}
{{ include "callweave.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "callweave.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "callweave.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "callweave.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{/* Secrets come as files: they stand in no environment, so no dump of one shows them. */}}
{{- define "callweave.environment" -}}
- name: CALLWEAVE__SERVER__LISTEN
  value: "0.0.0.0:8080"
- name: CALLWEAVE__LOG__FORMAT
  value: json
- name: CALLWEAVE__ENCRYPTION__KEYS_FILE
  value: /secrets/encryption-keys
{{- if .Values.passwordKey }}
- name: CALLWEAVE__DATABASE__PASSWORD_FILE
  value: /secrets/{{ .Values.passwordKey }}
{{- end }}
- name: CALLWEAVE__DATABASE__URL
  valueFrom:
    secretKeyRef: { name: {{ .Values.existingSecret | quote }}, key: database-url }
{{- if .Values.readUrlKey }}
- name: CALLWEAVE__DATABASE__READ_URL
  valueFrom:
    secretKeyRef: { name: {{ .Values.existingSecret | quote }}, key: {{ .Values.readUrlKey | quote }} }
{{- end }}
{{- range $name, $value := .Values.settings }}
- name: CALLWEAVE__{{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}

{{- define "callweave.volumes" -}}
- name: secrets
  secret:
    secretName: {{ .Values.existingSecret | quote }}
    defaultMode: 0440
    items:
      - { key: encryption-keys, path: encryption-keys }
      {{- if .Values.passwordKey }}
      - { key: {{ .Values.passwordKey | quote }}, path: {{ .Values.passwordKey | quote }} }
      {{- end }}
- name: tmp
  emptyDir: { sizeLimit: {{ .Values.temporaryFiles | quote }} }
{{- end -}}

{{- define "callweave.mounts" -}}
- { name: secrets, mountPath: /secrets, readOnly: true }
- { name: tmp, mountPath: /tmp }
{{- end -}}
