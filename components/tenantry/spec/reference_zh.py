"""The Chinese texts of the spec reference, by the English ones that the models carry."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "A vendor-neutral, versioned description of an application.": "与厂商无关、带版本的应用描述。",
    "An S3-compatible bucket of the instance alone.": "仅供本实例使用的 S3 兼容存储桶。",
    "Leave the component out, and say so, where the runtime or the stores cannot have it.": (
        "运行时或商店不支持时省略该组件，并给出说明。"
    ),
    "Whether anybody may read its objects.": "任何人是否都可以读取其中的对象。",
    "A relational database of the instance alone.": "仅供本实例使用的关系型数据库。",
    "Database engine.": "数据库引擎。",
    "Major version of the engine, in quotes.": "引擎的主版本号，须加引号。",
    "Size; small < medium < large.": "规格；small < medium < large。",
    "What the items of a list are.": "列表元素的要求。",
    "The only values that are allowed.": "仅允许的取值。",
    "Smallest number, itself included.": "最小值（含）。",
    "Largest number, itself included.": "最大值（含）。",
    "Smallest number of characters.": "最少字符数。",
    "Largest number of characters.": "最多字符数。",
    "Regular expression that the text must match somewhere; anchor it with ^ and $.": (
        "文本中须能匹配到的正则表达式；用 ^ 和 $ 限定首尾。"
    ),
    "Type of every item.": "每个元素的类型。",
    "A text for people, in English and Chinese.": "给人看的文字，中英文。",
    "English text.": "英文文字。",
    "Chinese text; the English one is shown where it is missing.": "中文文字；缺少时显示英文。",
    "Something that is counted for billing.": "用于计费的计量项。",
    "What is counted.": "计量的单位。",
    "The component whose use is counted.": "被计量的组件。",
    "Name of the meter for people.": "计量项的显示名称。",
    "A command that runs once between two versions.": "在两个版本之间执行一次的命令。",
    "Program and arguments, run in the sources' folder.": "程序及参数，在源码目录中运行。",
    "Seconds until it counts as failed.": "超过该秒数视为失败。",
    "Whether the version before still works after it (`safe`) or not (`forward-only`).": (
        "执行后上一版本仍可运行（`safe`）或不可（`forward-only`）。"
    ),
    "A mini-program, published in stores.": "在商店中发布的小程序。",
    "Folder with the sources per dialect; a dialect is the file format of a store.": (
        "每种方言对应的源码目录；方言即商店的文件格式。"
    ),
    "What the store's ext.json gets; values as in `env`, but never secret.": (
        "写入商店 ext.json 的内容；取值同 `env`，但不得为机密。"
    ),
    "One parameter.": "一个参数。",
    "Type of the value.": "取值的类型。",
    "What the items of an `array` are.": "`array` 元素的要求。",
    "Smallest number of items.": "最少元素数。",
    "Largest number of items.": "最多元素数。",
    "The value where the tenant gives none.": "租户未给出时的取值。",
    "Whether every tenant must give a value.": "每个租户是否都必须给出。",
    "Whether the value is a reference to a secret; only for `string`.": "取值是否为机密引用；仅限 `string`。",
    "Name of the parameter for people.": "参数的显示名称。",
    "What the parameter does, for people.": "参数作用的说明文字。",
    "One plan that the template is offered in.": "模板提供的一个套餐。",
    "Name of the plan for people.": "套餐的显示名称。",
    "Largest value per setting, such as `api.scale.max: 10`.": "各设置的上限，例如 `api.scale.max: 10`。",
    "Value per setting where the tenant leaves it open.": "租户未指定时各设置的取值。",
    "Who made the template.": "模板的发布者。",
    "Name of the person or company.": "个人或公司名称。",
    "Their page.": "其网页。",
    "Their address.": "其邮箱地址。",
    "What one copy of a service may use.": "服务的一个副本可用的资源。",
    "CPU cores as a number such as 0.25, or thousandths such as 250m.": "CPU 核数，如 0.25，或千分之一核，如 250m。",
    "Memory such as 512Mi or 1Gi.": "内存，如 512Mi 或 1Gi。",
    "How many copies of a service run.": "服务运行的副本数。",
    "Fewest copies; 0 permits scale to zero and does not demand it.": "最少副本数；0 表示允许但不强求缩容到零。",
    "Most copies.": "最多副本数。",
    "Requests that one copy serves at once; a hint where the runtime has no such limit.": (
        "单个副本同时处理的请求数；运行时无此限制时仅作提示。"
    ),
    "A POST to a service at certain times.": "按时间向服务发送 POST 请求。",
    "Minute, hour, day of month, month, day of week.": "分、时、日、月、星期。",
    "IANA name of the time zone that `cron` means.": "`cron` 所用时区的 IANA 名称。",
    "The service that gets the request.": "接收请求的服务。",
    "Path of the request.": "请求路径。",
    "An HTTP server that listens on $PORT.": "监听 $PORT 的 HTTP 服务。",
    "Folder with the program; with `runtime` and `command`.": "程序所在目录；须同时给出 `runtime` 和 `command`。",
    "Container image with its digest, instead of `source`.": "带摘要的容器镜像，用来代替 `source`。",
    "Language runtime of the sources, such as python3.11.": "源码的语言运行时，如 python3.11。",
    "Path that answers 200 when the service is ready.": "服务就绪时返回 200 的路径。",
    "What one copy may use.": "一个副本可用的资源。",
    "How many copies run.": "运行的副本数。",
    "Databases and buckets whose whole documented environment the service gets.": (
        "绑定的数据库和存储桶，服务获得其全部约定的环境变量。"
    ),
    "Own environment variables; values may hold ${param.NAME}, ${COMPONENT.FIELD}, ${url}.": (
        "自定义环境变量；取值可含 ${param.NAME}、${COMPONENT.FIELD}、${url}。"
    ),
    "What runs once between two versions.": "在两个版本之间执行一次的内容。",
    "Static files.": "静态文件。",
    "Folder with the files.": "文件所在目录。",
    "File that answers for a folder.": "访问目录时返回的文件。",
    "File that answers, with status 404, where there is none.": "文件不存在时以 404 状态返回的文件。",
    "Version of the spec.": "规格的版本。",
    "What the file describes.": "文件描述的对象。",
    "Name of the template; equals its folder's name.": "模板名称；与所在目录同名。",
    "Semantic version; equals the name of the version's folder.": "语义化版本；与版本目录同名。",
    "Name of the application for people.": "应用的显示名称。",
    "What the application does, for people.": "应用功能的说明文字。",
    "SPDX expression of the licence.": "许可证的 SPDX 表达式。",
    "What a tenant may set.": "租户可以设置的内容。",
    "The parts of the application, by id.": "应用的各组件，以标识为键。",
    "Path prefix -> service or site; whole segments, longest prefix wins. Without it / goes to the only site, else to "
    "the only service.": (
        "路径前缀 -> 服务或站点；按整段匹配，最长前缀优先。未给出时 / 指向唯一的站点，否则指向唯一的服务。"
    ),
    "Plans that the template is offered in.": "模板提供的套餐。",
    "What is counted for billing.": "用于计费的计量项。",
    "Per runtime settings that are not portable, checked by that runtime's package.": (
        "各运行时不可移植的设置，由该运行时的软件包检查。"
    ),
    "One instance of a template: owner, version, runtime, stores, parameters, domains, plan.": (
        "模板的一个实例：所有者、版本、运行时、商店、参数、域名、套餐。"
    ),
    "A host name of the instance.": "实例的一个主机名。",
    "Host name.": "主机名。",
    "Certificate made by the runtime, given in `certificate`, or no TLS.": (
        "证书由运行时签发、由 `certificate` 给出，或不使用 TLS。"
    ),
    "Who sets the DNS record.": "由谁设置 DNS 记录。",
    "Certificate and key, with `tls: provided`.": "证书和私钥，配合 `tls: provided`。",
    "ICP filing number, where the law asks for one.": "法律要求时的 ICP 备案号。",
    "Whether the instance runs, and what becomes of its data when it ends.": "实例是否运行，以及结束时如何处理数据。",
    "Whether the instance runs, and what its end means.": "实例是否运行，以及其结束意味着什么。",
    "Serving; switched off with its data kept; or ended, with nothing left of it but its data.": (
        "running 为正常服务；suspended 为停机并保留数据；retired 为已结束，除数据外不留任何内容。"
    ),
    "Keep or delete databases and buckets when the instance is retired.": "实例退役时保留还是删除数据库和存储桶。",
    "Token from the record of a retired instance: this instance takes the data that was kept.": (
        "退役实例记录中的令牌：本实例接管当时保留的数据。"
    ),
    "Source-level changes of one tenant.": "某个租户对源码的改动。",
    "Folder with the files, from the project's root.": "文件所在目录，相对于项目根目录。",
    "The template version that the files were made for.": "这些文件所针对的模板版本。",
    "Changed settings of one component, within the plan's limits.": "单个组件的设置改动，须在套餐上限之内。",
    "Copies of a service.": "服务的副本数。",
    "Resources of one copy of a service.": "服务单个副本的资源。",
    "Size of a database.": "数据库的规格。",
    "Where a secret comes from: exactly one of the four.": "机密的来源：四者之中恰好一个。",
    "Name of an environment variable; for cloud credentials the common beginning of several.": (
        "环境变量名；云凭据为若干变量的共同前缀。"
    ),
    "Path of a file, relative to the project's root.": "文件路径，相对于项目根目录。",
    "Key of the stack's own encrypted configuration.": "堆栈自身加密配置中的键。",
    "Name of a token broker.": "令牌代理的名称。",
    "Changed resources of one copy.": "单个副本的资源改动。",
    "Where the backend runs.": "后端运行的位置。",
    "Runtime, region and account of the backend.": "后端的运行时、地域和账户。",
    "Name of an installed runtime.": "已安装运行时的名称。",
    "The vendor's region, where it has regions.": "厂商的地域（如有）。",
    "The account, as the runtime's package describes it.": "账户，字段由运行时的软件包规定。",
    "Changed numbers of copies.": "副本数的改动。",
    "Fewest copies.": "最少副本数。",
    "Requests that one copy serves at once.": "单个副本同时处理的请求数。",
    "A reference to a secret: `{ref: {env: NAME}}`.": "机密引用：`{ref: {env: NAME}}`。",
    "Where the secret comes from.": "机密的来源。",
    "Where the stack's state and key are: names from the project's settings.": (
        "堆栈的状态和密钥所在：取项目设置中的名称。"
    ),
    "Name of a backend.": "后端的名称。",
    "Name of a secrets provider.": "密钥提供者的名称。",
    "The owner.": "所有者。",
    "The stack's name; equals the file's name without .yaml.": "堆栈名称；与去掉 .yaml 的文件名相同。",
    "Template and version (`shop@1.2.0`) or channel (`shop@stable`).": (
        "模板及版本（`shop@1.2.0`）或通道（`shop@stable`）。"
    ),
    "Stores that the mini-program is published in, as their packages describe them.": (
        "小程序发布到的商店，字段由各自的软件包规定。"
    ),
    "Whose account the instance runs in.": "实例运行在谁的账户中。",
    "Values of the template's parameters; a secret one is `{ref: …}`.": "模板参数的取值；机密参数写成 `{ref: …}`。",
    "Host names; the first one is the main one.": "主机名；第一个为主域名。",
    "One of the template's plans; needed where it has any.": "模板的套餐之一；模板有套餐时必填。",
    "Changed settings of components, within the plan's limits.": "各组件的设置改动，须在套餐上限之内。",
    "Source-level changes of this tenant.": "该租户对源码的改动。",
    "Where the stack's state and key are.": "堆栈的状态和密钥所在。",
    "Labels to select instances by.": "用于挑选实例的标签。",
    "Settings of a project: catalogue, mode, trust, and the backends and secrets providers that tenant files name.": (
        "项目的设置：目录、模式、信任，以及租户文件所引用的后端与密钥提供方。"
    ),
    "Somebody whose signatures of bundles count.": "其对模板包的签名被认可的一方。",
    "PEM files with the publisher's Ed25519 public keys, from the project's root.": (
        "保存发布者 Ed25519 公钥的 PEM 文件，路径从项目根目录算起。"
    ),
    "Which bundles may be used.": "哪些模板包可以使用。",
    "Whether every template version must be a bundle that a trusted publisher signed.": (
        "是否要求每个模板版本都是由受信任的发布者签名的模板包。"
    ),
    "Publishers by a name of your choice, with their public keys.": "发布者及其公钥，名称由你自定。",
    "Whose bundles may be used; the templates in the package always may.": (
        "可以使用谁的模板包；随软件包附带的模板始终可用。"
    ),
    "Where stacks' states are kept.": "堆栈状态的保存位置。",
    "The engine's backend URL; a relative file:// path begins at the project's root.": (
        "引擎的后端 URL；相对的 file:// 路径从项目根目录算起。"
    ),
    "What encrypts the secrets in a stack's state: exactly one of the two.": (
        "加密堆栈状态中机密的方式：二者之中恰好一个。"
    ),
    "Passphrase file, from the project's root; {instance} stands for the instance's id.": (
        "口令文件，相对于项目根目录；{instance} 代表实例标识。"
    ),
    "The engine's URL of a key service.": "密钥服务在引擎中的 URL。",
    "Folder with the templates, from the project's root; `shipped` means those in the package.": (
        "模板所在目录，相对于项目根目录；`shipped` 表示软件包自带的模板。"
    ),
    "Real vendors, or local stand-ins.": "真实厂商，或本地替身。",
    "Backends by name; tenant files choose with `state.backend`.": (
        "按名称列出的后端；租户文件用 `state.backend` 选择。"
    ),
    "Secrets providers by name; tenant files choose with `state.secrets`.": (
        "按名称列出的密钥提供者；租户文件用 `state.secrets` 选择。"
    ),
    "A version whose databases and buckets stay, unused, where the instance's own version has none of them; "
    "`tenantry rollback` writes it.": (
        "实例自己的版本没有某些数据库和存储桶时，保留此版本的这些数据（不使用）；由 `tenantry rollback` 写入。"
    ),
}
