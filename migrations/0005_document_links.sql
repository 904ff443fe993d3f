-- Whether anything still refers to a document is asked for every document that is replaced or erased.

CREATE INDEX record_documents_by_hash ON record_documents (tenant_id, hash);
