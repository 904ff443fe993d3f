-- The place in a trace at which a job was made, where spans are sent: its turns are linked to it.
ALTER TABLE job_queue ADD COLUMN trace text;
