;; Reads EDN, a form a line, with Clojure's own reader, and prints each form again.
(require '[clojure.edn :as edn])
(let [verbatim (into {} (for [tag '[inst uuid]] [tag #(tagged-literal tag %)]))
      options {:default tagged-literal, :readers verbatim}]
  (doseq [line (line-seq (java.io.BufferedReader. *in*))
          :when (not (.startsWith line ";"))]
    (binding [*print-namespace-maps* false]
      (prn (edn/read-string options line)))))
