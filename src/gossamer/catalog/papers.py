"""The papers that the methods come from."""

from __future__ import annotations

from gossamer.catalog.records import Paper

BM25_AND_BEYOND = Paper(
    "The Probabilistic Relevance Framework: BM25 and Beyond",
    ("Stephen Robertson", "Hugo Zaragoza"),
    2009,
    "doi:10.1561/1500000019",
)
WHICH_BM25 = Paper(
    "Which BM25 Do You Mean? A Large-Scale Reproducibility Study of Scoring Variants",
    ("Chris Kamphuis", "Arjen P. de Vries", "Leonid Boytsov", "Jimmy Lin"),
    2020,
    "doi:10.1007/978-3-030-45442-5_4",
)
WEIGHTED_FIELDS = Paper(
    "Simple BM25 Extension to Multiple Weighted Fields",
    ("Stephen Robertson", "Hugo Zaragoza", "Michael Taylor"),
    2004,
    "doi:10.1145/1031171.1031181",
)
SEISMIC = Paper(
    "Efficient Inverted Indexes for Approximate Retrieval over Learned Sparse Representations",
    ("Sebastian Bruch", "Franco Maria Nardini", "Cosimo Rulli", "Rossano Venturini"),
    2024,
    "arXiv:2404.18812",
)
BM25_EXAMINED = Paper(
    "Improvements to BM25 and Language Models Examined",
    ("Andrew Trotman", "Antti Puurula", "Blake Burgess"),
    2014,
    "doi:10.1145/2682862.2682863",
)
BM25_FAILS = Paper(
    "When Documents Are Very Long, BM25 Fails!",
    ("Yuanhua Lv", "ChengXiang Zhai"),
    2011,
    "doi:10.1145/2009916.2010070",
)
LOWER_BOUNDING = Paper(
    "Lower-Bounding Term Frequency Normalization",
    ("Yuanhua Lv", "ChengXiang Zhai"),
    2011,
    "doi:10.1145/2063576.2063584",
)
TF_COMPOSITION = Paper(
    "Composition of TF Normalizations: New Insights on Scoring Functions for Ad Hoc IR",
    ("François Rousseau", "Michalis Vazirgiannis"),
    2013,
    "doi:10.1145/2484028.2484121",
)
SMOOTHING = Paper(
    "A Study of Smoothing Methods for Language Models Applied to Information Retrieval",
    ("ChengXiang Zhai", "John Lafferty"),
    2004,
    "doi:10.1145/984321.984322",
)
QUERY_EVALUATION = Paper(
    "Query Evaluation: Strategies and Optimizations",
    ("Howard Turtle", "James Flood"),
    1995,
    "doi:10.1016/0306-4573(95)00020-H",
)
PRUNED_IMPACTS = Paper(
    "Pruned Query Evaluation Using Pre-Computed Impacts",
    ("Vo Ngoc Anh", "Alistair Moffat"),
    2006,
    "doi:10.1145/1148170.1148235",
)
WAND = Paper(
    "Efficient Query Evaluation Using a Two-Level Retrieval Process",
    ("Andrei Z. Broder", "David Carmel", "Michael Herscovici", "Aya Soffer", "Jason Zien"),
    2003,
    "doi:10.1145/956863.956944",
)
BLOCK_MAX_INDEXES = Paper(
    "Faster Top-k Document Retrieval Using Block-Max Indexes",
    ("Shuai Ding", "Torsten Suel"),
    2011,
    "doi:10.1145/2009916.2010048",
)
BLOCK_MAX_PRUNING = Paper(
    "Faster Learned Sparse Retrieval with Block-Max Pruning",
    ("Antonio Mallia", "Torsten Suel", "Nicola Tonellotto"),
    2024,
    "arXiv:2405.01117",
)
SUPERBLOCK_PRUNING = Paper(
    "Dynamic Superblock Pruning for Fast Learned Sparse Retrieval",
    ("Parker Carlson", "Wentai Xie", "Shanxiu He", "Tao Yang"),
    2025,
    "arXiv:2504.17045",
)
RECIPROCAL_RANK_FUSION = Paper(
    "Reciprocal Rank Fusion Outperforms Condorcet and Individual Rank Learning Methods",
    ("Gordon V. Cormack", "Charles L. A. Clarke", "Stefan Büttcher"),
    2009,
    "doi:10.1145/1571941.1572114",
)
RANK_FUSION_MEDICAL = Paper(
    "Multimodal Medical Information Retrieval with Unsupervised Rank Fusion",
    ("André Mourão", "Flávio Martins", "João Magalhães"),
    2015,
    "doi:10.1016/j.compmedimag.2014.05.006",
)
METASEARCH = Paper(
    "Models for Metasearch",
    ("Javed A. Aslam", "Mark Montague"),
    2001,
    "doi:10.1145/383952.384007",
)
FUSION_FUNCTIONS = Paper(
    "An Analysis of Fusion Functions for Hybrid Retrieval",
    ("Sebastian Bruch", "Siyu Gai", "Amir Ingber"),
    2023,
    "doi:10.1145/3596512",
)
MULTIPLE_SEARCHES = Paper(
    "Combination of Multiple Searches",
    ("Edward A. Fox", "Joseph A. Shaw"),
    1994,
    "NIST Special Publication 500-215",
)
COMPOUND_SPLITTING = Paper(
    "Empirical Methods for Compound Splitting",
    ("Philipp Koehn", "Kevin Knight"),
    2003,
    "doi:10.3115/1067807.1067833",
)
UNIFIED_FRAMEWORK = Paper(
    "A Unified Framework for Learned Sparse Retrieval",
    ("Thong Nguyen", "Sean MacAvaney", "Andrew Yates"),
    2023,
    "arXiv:2303.13416",
)
DEEPCT = Paper(
    "Context-Aware Sentence/Passage Term Importance Estimation For First Stage Retrieval",
    ("Zhuyun Dai", "Jamie Callan"),
    2019,
    "arXiv:1910.10687",
)
UNICOIL = Paper(
    "A Few Brief Notes on DeepImpact, COIL, and a Conceptual Framework for Information Retrieval Techniques",
    ("Jimmy Lin", "Xueguang Ma"),
    2021,
    "arXiv:2106.14807",
)
DEEPIMPACT = Paper(
    "Learning Passage Impacts for Inverted Indexes",
    ("Antonio Mallia", "Omar Khattab", "Torsten Suel", "Nicola Tonellotto"),
    2021,
    "arXiv:2104.12016",
)
TILDE = Paper(
    "TILDE: Term Independent Likelihood moDEl for Passage Re-ranking",
    ("Shengyao Zhuang", "Guido Zuccon"),
    2021,
    "doi:10.1145/3404835.3462922",
)
TILDE_V2 = Paper(
    "Fast Passage Re-ranking with Contextualized Exact Term Matching and Efficient Passage Expansion",
    ("Shengyao Zhuang", "Guido Zuccon"),
    2021,
    "arXiv:2108.08513",
)
SPARTA = Paper(
    "SPARTA: Efficient Open-Domain Question Answering via Sparse Transformer Matching Retrieval",
    ("Tiancheng Zhao", "Xiaopeng Lu", "Kyusong Lee"),
    2020,
    "arXiv:2009.13013",
)
EPIC = Paper(
    "Expansion via Prediction of Importance with Contextualization",
    (
        "Sean MacAvaney", "Franco Maria Nardini", "Raffaele Perego", "Nicola Tonellotto", "Nazli Goharian",
        "Ophir Frieder",
    ),
    2020,
    "arXiv:2004.14245",
)  # fmt: skip
SPLADE = Paper(
    "SPLADE: Sparse Lexical and Expansion Model for First Stage Ranking",
    ("Thibault Formal", "Benjamin Piwowarski", "Stéphane Clinchant"),
    2021,
    "arXiv:2107.05720",
)
SPLADE_V2 = Paper(
    "SPLADE v2: Sparse Lexical and Expansion Model for Information Retrieval",
    ("Thibault Formal", "Carlos Lassance", "Benjamin Piwowarski", "Stéphane Clinchant"),
    2021,
    "arXiv:2109.10086",
)
EFFICIENT_SPLADE = Paper(
    "An Efficiency Study for SPLADE Models",
    ("Carlos Lassance", "Stéphane Clinchant"),
    2022,
    "arXiv:2207.03834",
)
SPLADE_V3 = Paper(
    "SPLADE-v3: New baselines for SPLADE",
    ("Carlos Lassance", "Hervé Déjean", "Thibault Formal", "Stéphane Clinchant"),
    2024,
    "arXiv:2403.06789",
)
CONCEPT_BASED_EXPANSION = Paper(
    "Concept Based Query Expansion", ("Yonggang Qiu", "Hans-Peter Frei"), 1993, "doi:10.1145/160688.160713"
)
INFERENCE_FREE = Paper(
    "Towards Competitive Search Relevance For Inference-Free Learned Sparse Retrievers",
    ("Zhichao Geng", "Yiwen Wang", "Dongyu Ru", "Yang Yang"),
    2024,
    "arXiv:2411.04403",
)
L0_INFERENCE_FREE = Paper(
    "Exploring ℓ0 Sparsification for Inference-free Sparse Retrievers",
    ("Xinjie Shen", "Zhichao Geng", "Yang Yang"),
    2025,
    "arXiv:2504.14839",
)
DF_FLOPS = Paper(
    "An Alternative to FLOPS Regularization to Effectively Productionize SPLADE-Doc",
    (
        "Aldo Porco", "Dhruv Mehra", "Igor Malioutov", "Karthik Radhakrishnan", "Moniba Keymanesh",
        "Daniel Preoţiuc-Pietro", "Sean MacAvaney", "Pengxiang Cheng",
    ),
    2025,
    "arXiv:2505.15070",
)  # fmt: skip
